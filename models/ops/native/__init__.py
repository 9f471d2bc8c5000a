"""Kernels of one backend that are alternatives to the general operations; tests compare both."""
