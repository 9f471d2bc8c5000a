"""What a user starts; each reads like the list of its steps."""
