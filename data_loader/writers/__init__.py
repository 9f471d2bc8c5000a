"""Writes a data set in another format: `convert`."""

from data_loader.writers.conversion import FORMATS, convert

__all__ = ["FORMATS", "convert"]
