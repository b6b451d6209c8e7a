"""Payments: attempts, callbacks and their settlement, the ledger, refunds and the review queue."""
