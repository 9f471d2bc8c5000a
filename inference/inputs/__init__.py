"""What is predicted: files, folders, globs, lists, the images of a COCO JSON, addresses, videos, cameras. No Keras."""
