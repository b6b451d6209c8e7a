"""The catalogue as a CSV file: export, preview, apply."""
