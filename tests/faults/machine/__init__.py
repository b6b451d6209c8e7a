"""The whole shop as a state machine: what may happen to it, in any order, and what must hold after each step."""
