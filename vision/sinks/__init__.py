"""Delivery that never loses."""
