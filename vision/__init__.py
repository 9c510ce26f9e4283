"""Streetwarden's engine: from a camera to an event that a dispatcher can trust."""
