"""Money coming in: tries to pay, what the provider said of them, and what that changes."""
