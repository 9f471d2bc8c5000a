"""Whether a suggested config trains to a better AP than the defaults."""
