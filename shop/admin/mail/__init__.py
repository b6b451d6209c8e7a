"""The outbox as people at the desk see it."""
