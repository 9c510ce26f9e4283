"""Is it right, how often, how late, how sure."""
