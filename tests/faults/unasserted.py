"""A test that runs the sum and looks at nothing: what test_mutants.py must not be content with."""

from shop.pricing.quote import Discount, quote
from tests.pricing.test_quote import Line


def test_the_sum_is_made():
    quote([Line(100, 2)], 300, Discount("percent", 10))
