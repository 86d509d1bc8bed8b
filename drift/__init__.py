"""What changed against an approved baseline."""
