"""What a report shows of labels."""
