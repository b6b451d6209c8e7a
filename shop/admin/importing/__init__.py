"""The catalogue as a CSV file: out, and in again after a look at what would change."""
