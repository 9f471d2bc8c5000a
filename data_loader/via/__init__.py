"""VGG Image Annotator 2: one JSON file with the regions of all images."""
