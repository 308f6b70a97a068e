"""Open311 GeoReport v2 on the wire: what is spoken, and what is met in the wild."""
