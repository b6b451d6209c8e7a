"""What tests about money may ask for."""

import pytest
from flask import Flask

from tests.payments.ledger import Ledger


@pytest.fixture
def ledger(app: Flask) -> Ledger:
    """The shop's database, read for a test."""
    return Ledger(app)
