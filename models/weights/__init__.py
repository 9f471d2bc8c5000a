"""Trained weights from elsewhere: found, read without running anything in them, translated, and accounted for."""
