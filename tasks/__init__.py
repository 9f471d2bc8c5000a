"""What differs between kinds of segmentation, declared in one file for each."""
