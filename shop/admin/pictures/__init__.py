"""Product pictures, as a merchant adds them from a phone."""
