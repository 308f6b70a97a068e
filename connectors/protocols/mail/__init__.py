"""Mail as a wire format: reading any mail, telling machines, quotes, handing on."""
