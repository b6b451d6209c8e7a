"""Sales and payment reports for the merchant."""
