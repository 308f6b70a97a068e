"""The only home of kombu: topology as data, codec, publisher, consumer."""
