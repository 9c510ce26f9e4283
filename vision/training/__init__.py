"""Training of the street model: data, network, export, parity."""
