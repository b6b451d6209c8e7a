"""What the buyer picked, kept in the signed session cookie."""
