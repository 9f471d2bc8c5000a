"""LabelMe: a JSON file for each image, with the shapes of its objects."""
