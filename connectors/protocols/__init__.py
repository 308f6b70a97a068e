"""Wire formats that a channel and an agency system may share."""
