"""Looking: what the shop took, of what, and how its payments ended."""
