"""An agency whose own system is an AMQP broker, described by its manifest."""

from connectors.systems.amqp.system import AmqpSystem

__all__ = ["AmqpSystem"]
