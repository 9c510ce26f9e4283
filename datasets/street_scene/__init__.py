"""Rendered street footage with machine-written ground truth."""
