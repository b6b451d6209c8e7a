"""From cart to payment page."""
