"""The desk with one merchant, and somebody who has signed in."""

import pytest
from flask import Flask

from tests.admin.desk import STAFF, Clerk, let_in, let_staff_in
from tests.admin.goods import Goods
from tests.faults.provider import Provider


@pytest.fixture
def stranger(app: Flask, provider: Provider) -> Clerk:
    """Somebody who has not signed in, at a desk that has one merchant."""
    let_in(app)
    return Clerk(app, provider)


@pytest.fixture
def clerk(stranger: Clerk) -> Clerk:
    """The merchant, signed in."""
    assert stranger.sign_in().status_code == 303
    return stranger


@pytest.fixture
def packer(app: Flask, provider: Provider) -> Clerk:
    """Somebody of the staff, signed in."""
    let_staff_in(app)
    staff = Clerk(app, provider)
    assert staff.sign_in(STAFF).status_code == 303
    return staff


@pytest.fixture
def goods(app: Flask) -> Goods:
    """What is sold, as the desk sees it."""
    return Goods(app)
