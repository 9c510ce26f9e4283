"""The event service: stores, shows and hands on what engines report."""
