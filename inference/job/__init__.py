"""Predicting many images: what is done is kept, and only the rest is predicted when it is started again. No Keras."""
