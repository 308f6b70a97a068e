"""Kinds of agency systems: one folder per kind, named by a manifest's `system`."""
