"""Speed and memory, measured by hand; see README.md."""
