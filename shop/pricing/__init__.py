"""Prices: delivery areas, discount codes and the quote."""
