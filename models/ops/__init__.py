"""Pure functions on boxes, anchors, features and masks; `keras.ops` only, fixed shapes."""
