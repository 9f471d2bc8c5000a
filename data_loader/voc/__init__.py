"""PASCAL VOC: objects and classes as index images, splits as lists of names."""
