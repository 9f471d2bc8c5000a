"""Networks in `keras.ops` and `keras.layers` only."""
