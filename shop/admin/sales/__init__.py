"""Discount codes, delivery areas and cart links in the admin."""
