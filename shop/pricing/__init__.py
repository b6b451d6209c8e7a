"""What it costs: delivery areas, discount codes, and the sum."""
