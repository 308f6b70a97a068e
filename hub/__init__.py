"""Simpul: a message-driven integration hub for citizen complaints."""
