"""One use case per file; takes schemas and ports, returns an outcome per item."""
