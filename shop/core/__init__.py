"""Plain building blocks: no Flask, no table of the shop."""
