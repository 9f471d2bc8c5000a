"""What an inspection leaves for people: a table, plots, contact sheets, a page, and its numbers."""
