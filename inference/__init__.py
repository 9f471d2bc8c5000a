"""From an image to its objects: restoring a trained model, predicting, mapping results to the image's own pixels."""
