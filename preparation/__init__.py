"""Before a training: looking at a data set, and the config that fits it and this machine."""
