"""Emails: written to the outbox in the transaction of their event, sent by the worker."""
