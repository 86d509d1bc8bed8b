"""Planning, approving, carrying out and proving repairs."""
