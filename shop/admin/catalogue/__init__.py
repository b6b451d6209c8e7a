"""Products, their variants, categories and stock, at the desk."""
