"""The store settings, and the pages about the shop."""
