"""Scores readers against collections of real messages that lie outside the project."""
