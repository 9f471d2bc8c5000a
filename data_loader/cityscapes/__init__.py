"""Cityscapes: street scenes, with the instance ids of gtFine."""
