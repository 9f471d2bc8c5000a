"""How quick a model is: on the whole, part by part, and against a bare ResNet-50 on the same machine."""
