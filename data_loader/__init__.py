"""Data sets: pictures and masks from disk to samples of the batch contract."""
