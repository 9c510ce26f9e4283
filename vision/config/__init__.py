"""Configuration: YAML to settings, all errors at once."""
