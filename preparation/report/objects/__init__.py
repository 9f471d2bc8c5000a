"""What a report shows of objects."""
