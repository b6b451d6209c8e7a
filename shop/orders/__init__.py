"""What was promised: orders with their lines, timeline and stock, and the page the buyer follows them on."""
