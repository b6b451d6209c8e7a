"""What the merchant says about the shop: name, contact, pages."""
