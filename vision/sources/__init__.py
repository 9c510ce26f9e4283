"""Cameras, files and folders: from bytes to frames."""
