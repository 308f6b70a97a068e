"""HTTP towards foreign systems: bounded calls, and what their answers mean."""
