"""What a run shows: pictures of its predictions, plots of its history and the table at its end."""
