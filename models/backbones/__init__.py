"""Backbones: an image in, features of strides 4 to 32 out."""
