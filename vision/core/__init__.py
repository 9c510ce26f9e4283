"""Nouns and ports: NumPy and the standard library, nothing else."""
