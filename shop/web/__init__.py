"""Flask plumbing: requests, responses, forms, sessions and errors."""
