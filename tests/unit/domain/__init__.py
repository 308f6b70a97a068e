"""Tests of the pure core and of the published language."""
