"""What a run shows: images of its predictions, plots of its history and the table at its end."""
