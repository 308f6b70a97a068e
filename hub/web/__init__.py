"""The HTTP edge: doors of channels and agencies, tracking, health, metrics."""
