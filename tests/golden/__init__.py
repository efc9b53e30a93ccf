"""Twenty conversations with the built-in customer, kept as they read, so that a change of voice is seen and meant."""
