"""Positions of vehicles that carry cameras: files and live receivers."""
