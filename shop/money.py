"""Money is a whole number of Kenyan shillings, an int, everywhere. This is how it is written."""


def shillings(amount: int) -> str:
    """1250 as "KSh 1,250"; a negative amount keeps its sign before the currency."""
    sign = "-" if amount < 0 else ""
    return f"{sign}KSh {abs(amount):,}"
