"""Training sets, footage and the tools that make them."""
