"""E-mails: written in the transaction that causes them, sent afterwards by the worker."""
