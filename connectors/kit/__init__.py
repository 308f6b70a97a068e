"""What proves a connector: the conformance suite's place in the layout."""
