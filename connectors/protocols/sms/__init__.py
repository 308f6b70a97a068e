"""SMS as a wire format: telephone numbers, and what a text costs."""
