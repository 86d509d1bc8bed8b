"""Scores against compliance frameworks."""
