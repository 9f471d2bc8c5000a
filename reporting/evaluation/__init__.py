"""What `evaluate_main` reads from its command line and leaves in its folder."""
