"""Password reset by an emailed link, with the same answer for every email."""

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from shop.accounts import one_time_links
from shop.accounts.models import OneTimeLink, User
from shop.core.clock import utcnow
from shop.core.database import db
from tests import both_databases
from tests.admin_client import EMAIL, STAFF, AdminClient, create_staff, mailed_links
from tests.at_once import at_once
from tests.shopper import hidden_fields
from tests.totp_phone import Clock, give_code, set_up

CHOSEN = "kettle bicycle mango thunder"


class TestForgotten:
    """Password reset by an emailed link, with the same answer for every email."""

    def _ask(self, visitor, email=EMAIL):
        form = hidden_fields(visitor.get("/admin/sign-in/forgotten").text)
        return visitor.post("/admin/sign-in/forgotten", {**form, "email": email})

    @both_databases
    def test_an_emailed_link_sets_a_new_password_once(self, app, owner):
        visitor = AdminClient(app)
        self._ask(visitor)
        [path] = mailed_links(app, "new_password")
        form = {**hidden_fields(visitor.get(path).text), "password": CHOSEN}

        assert visitor.post(path, form).headers["Location"] == "/admin/sign-in"
        assert visitor.post(path, form).status_code == 404
        assert owner.get("/admin/").status_code == 303, "all sessions end"
        assert visitor.sign_in().status_code == 200
        assert visitor.sign_in(password=CHOSEN).status_code == 303

    @pytest.mark.parametrize("email", ["nobody@example.com", "not an email", "nul\0@example.com", STAFF])
    def test_the_answer_is_the_same_for_every_email(self, app, visitor, email):
        create_staff(app)
        with app.app_context():
            db.session.execute(update(User).where(User.email == STAFF).values(active=False))
            db.session.commit()
        known, unknown = self._ask(visitor), self._ask(visitor, email)

        assert known.headers["Location"] == unknown.headers["Location"]
        assert visitor.get("/admin/sign-in").text.count("a link is on its way") == 2
        assert len(mailed_links(app, "new_password")) == 1

    def test_at_most_one_email_an_hour(self, app, visitor):
        for _ in range(4):
            self._ask(visitor)
        assert len(mailed_links(app, "new_password")) == 1
        with app.app_context():
            db.session.execute(update(OneTimeLink).values(written_at=utcnow() - timedelta(minutes=61)))
            db.session.commit()
        self._ask(visitor)
        first, second = mailed_links(app, "new_password")

        assert visitor.get(first).status_code == 404
        assert visitor.get(second).status_code == 200

    @both_databases
    def test_simultaneous_requests_send_one_email(self, app, visitor):
        visitors = [AdminClient(app) for _ in range(4)]
        forms = [{**hidden_fields(each.get("/admin/sign-in/forgotten").text), "email": EMAIL} for each in visitors]

        replies = at_once(
            [
                lambda each=each, form=form: each.post("/admin/sign-in/forgotten", form).status_code
                for each, form in zip(visitors, forms, strict=True)
            ]
        )

        assert set(replies) == {303}
        assert len(mailed_links(app, "new_password")) == 1

    def test_a_link_lasts_two_hours(self, app, visitor):
        self._ask(visitor)
        with app.app_context():
            link = db.session.scalars(select(OneTimeLink)).one()
            assert link.expires_at - link.written_at == one_time_links.LIFETIME["password"] == timedelta(hours=2)

    def test_a_weak_new_password_is_refused_and_the_link_still_works(self, app, visitor):
        self._ask(visitor)
        [path] = mailed_links(app, "new_password")
        form = hidden_fields(visitor.get(path).text)

        assert visitor.post(path, {**form, "password": "short"}).status_code == 422
        assert visitor.post(path, {**form, "password": CHOSEN}).status_code == 303

    def test_a_new_password_does_not_replace_the_two_factor_code(self, app, owner, monkeypatch):
        phone, _ = set_up(owner, Clock(monkeypatch))
        visitor = AdminClient(app)
        self._ask(visitor)
        [path] = mailed_links(app, "new_password")
        visitor.post(path, {**hidden_fields(visitor.get(path).text), "password": CHOSEN})

        assert visitor.sign_in(password=CHOSEN).headers["Location"] == "/admin/sign-in/code"
        assert visitor.get("/admin/").status_code == 303
        assert give_code(visitor, phone.code()).headers["Location"] == "/admin/"
