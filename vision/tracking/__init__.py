"""Moving objects, followed from frame to frame."""
