"""Acceptance scenarios, each on real RabbitMQ and PostgreSQL, one test a scenario."""
