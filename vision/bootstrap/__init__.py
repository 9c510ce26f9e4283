"""From settings to a running engine: the only package that names concrete parts."""
