"""Complaints by SMS: gateways call us, and we call them."""

from connectors.channels.sms.channel import SmsChannel

__all__ = ["SmsChannel"]
