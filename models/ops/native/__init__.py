"""Kernels of one backend that stand beside the general operations; tests hold both equal."""
