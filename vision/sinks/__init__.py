"""Delivery: a durable outbox and the receivers it serves."""
