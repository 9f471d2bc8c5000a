"""Images beside mask images: indices of instances, one file for each object, or classes."""
