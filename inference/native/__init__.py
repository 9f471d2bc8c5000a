"""The compiled prediction on each backend; a backend's package is imported only where Keras runs on it."""
