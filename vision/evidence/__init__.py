"""What proves an event."""
