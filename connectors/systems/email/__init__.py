"""Agencies that have only a mailbox: they answer with a word from a menu."""

from connectors.systems.email.system import EmailSystem

__all__ = ["EmailSystem"]
