"""The published language of Simpul: frozen models and the event catalogue."""
