"""Password reset by an emailed link, with the same answer for every email."""

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from shop.accounts.models import OneTimeLink, User
from shop.core.clock import utcnow
from shop.core.database import db
from tests import both_databases
from tests.admin_client import EMAIL, STAFF, AdminClient, create_staff, mailed_links
from tests.at_once import at_once
from tests.shopper import hidden_fields
from tests.totp_phone import give_code, set_up

ASK, CHOSEN = "/admin/sign-in/forgotten", "kettle bicycle mango thunder"


def ask(visitor, email=EMAIL):
    return visitor.post(ASK, {**hidden_fields(visitor.get(ASK).text), "email": email})


def choose(visitor, path, password=CHOSEN):
    return visitor.post(path, {**hidden_fields(visitor.get(path).text), "password": password})


def test_an_emailed_link_sets_a_strong_password_once_and_lasts_two_hours(app, owner):
    visitor = AdminClient(app)
    ask(visitor)
    [path] = mailed_links(app, "new_password")
    with app.app_context():
        link = db.session.scalars(select(OneTimeLink)).one()
        assert link.expires_at - link.written_at == timedelta(hours=2)

    assert choose(visitor, path, "short").status_code == 422
    form = {**hidden_fields(visitor.get(path).text), "password": CHOSEN}
    assert visitor.post(path, form).headers["Location"] == "/admin/sign-in"
    assert visitor.post(path, form).status_code == 404
    assert owner.get("/admin/").status_code == 303, "all sessions end"
    assert visitor.sign_in().status_code == 200
    assert visitor.sign_in(password=CHOSEN).status_code == 303


@pytest.mark.parametrize("email", ["nobody@example.com", "not an email", "nul\0@example.com", STAFF])
def test_the_answer_is_the_same_for_every_email(app, visitor, email):
    create_staff(app)
    with app.app_context():
        db.session.execute(update(User).where(User.email == STAFF).values(active=False))
        db.session.commit()
    known, unknown = ask(visitor), ask(visitor, email)

    assert known.headers["Location"] == unknown.headers["Location"]
    assert visitor.get("/admin/sign-in").text.count("a link is on its way") == 2
    assert len(mailed_links(app, "new_password")) == 1


def test_at_most_one_email_an_hour_and_the_older_link_stops_working(app, visitor):
    for _ in range(4):
        ask(visitor)
    assert len(mailed_links(app, "new_password")) == 1
    with app.app_context():
        db.session.execute(update(OneTimeLink).values(written_at=utcnow() - timedelta(minutes=61)))
        db.session.commit()
    ask(visitor)
    first, second = mailed_links(app, "new_password")

    assert visitor.get(first).status_code == 404
    assert visitor.get(second).status_code == 200


@both_databases
def test_simultaneous_requests_send_one_email(app, visitor):
    visitors = [AdminClient(app) for _ in range(4)]

    replies = at_once([lambda each=each: ask(each).status_code for each in visitors])

    assert set(replies) == {303}
    assert len(mailed_links(app, "new_password")) == 1


def test_a_new_password_does_not_replace_the_two_factor_code(app, owner, clock):
    phone, _ = set_up(owner, clock)
    visitor = AdminClient(app)
    ask(visitor)
    choose(visitor, *mailed_links(app, "new_password"))

    assert visitor.sign_in(password=CHOSEN).headers["Location"] == "/admin/sign-in/code"
    assert visitor.get("/admin/").status_code == 303
    assert give_code(visitor, phone.code()).headers["Location"] == "/admin/"
