"""Whether a picture can be trusted."""
