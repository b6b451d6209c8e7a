"""Orders: their lines, timeline, stock reservations, fulfilment and search."""
