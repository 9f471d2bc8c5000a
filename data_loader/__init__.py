"""Data sets: images and masks from disk to samples of the batch contract."""
