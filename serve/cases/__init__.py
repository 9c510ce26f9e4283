"""Cases: what people make of events."""
