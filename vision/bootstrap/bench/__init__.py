"""How many cameras a machine carries, measured with the whole engine."""
