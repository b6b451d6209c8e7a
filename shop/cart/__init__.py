"""The visitor's cart and shared carts."""
