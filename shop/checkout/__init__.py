"""The checkout: from the cart to the payment page."""
