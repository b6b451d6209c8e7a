"""The catalogue: products, categories, stock, images."""
