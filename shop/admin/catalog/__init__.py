"""Products, stock, images and the CSV import in the admin."""
