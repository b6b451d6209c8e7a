"""Chpter's wire format: what is sent, what is read, and what is refused."""
