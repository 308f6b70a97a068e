"""The web: a JSON API that takes complaints and replies."""

from connectors.channels.web.channel import WebChannel

__all__ = ["WebChannel"]
