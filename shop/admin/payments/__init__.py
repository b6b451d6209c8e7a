"""Payments in the admin."""
