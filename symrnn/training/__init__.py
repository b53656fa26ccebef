"""Training: what a network, its data and its rule have to say (`recipe`), the loop, and checkpoints."""
