"""The speed of a model: on the whole, part by part, and against a bare ResNet-50 on the same machine."""
