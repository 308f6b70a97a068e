"""Complaints by e-mail: SMTP in, answers through a relay."""

from connectors.channels.email.channel import EmailChannel

__all__ = ["EmailChannel"]
