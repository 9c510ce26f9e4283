"""Models: from frames to boxes."""
