"""What comes with the project, read from its folder and never counted by hand."""

from connectors import registry

SAMPLE_AGENCIES = tuple(
    sorted(path.parent.name for path in registry.SAMPLES.glob("*/agency.toml"))
)
"""Names of the agencies of Kabupaten Sukamaju that have a system."""
SAMPLE_ROUTES = registry.load_routing(registry.SAMPLES / "routing.toml")
"""Their routing table."""
