"""YOLO's segmentation format: a text file for each image, one polygon a line, and a data.yaml."""
