"""Products that agencies run, as small servers that speak what each documents."""
