"""Many machines: groups of cameras watched on nodes, everything kept in one place."""
