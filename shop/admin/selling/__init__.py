"""Selling from the desk: discount codes, delivery, the shop's details, orders made for a buyer, carts by a link."""
