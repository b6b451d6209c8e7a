"""A buyer's rights at the desk: what is kept of them, and forgetting it."""
