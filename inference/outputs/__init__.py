"""What a prediction writes: one small class for each kind of files, by name in `utils.registry.OUTPUTS`. No Keras."""
