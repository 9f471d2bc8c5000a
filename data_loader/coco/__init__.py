"""COCO: annotations in one JSON file for each split, images in a folder."""
