"""Handing messages on: stream, webhooks, MQTT."""
