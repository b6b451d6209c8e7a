"""Payments at the desk: what needs a person, what can be done about it, M-PESA codes, and the proof."""
