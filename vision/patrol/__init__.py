"""Cameras that move: what stands where on the map, pass by pass."""
