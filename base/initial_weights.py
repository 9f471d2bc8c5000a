class InitialWeights:
    pass
