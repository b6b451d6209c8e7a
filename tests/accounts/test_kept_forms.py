"""A typed form is kept when the session ends, when the admin asks for the password, or when the database is busy."""

from datetime import timedelta

from sqlalchemy import delete, select
from sqlalchemy.exc import OperationalError

from shop.accounts import kept_forms, login
from shop.accounts.models import KeptForm, LoginSession
from shop.catalog.models import Product
from shop.core.clock import utcnow
from shop.core.database import db, write
from tests import order_factory
from tests.admin_client import EMAIL, PASSWORD, STAFF, AdminClient, create_staff
from tests.product_factory import MUG, fields_of, problems
from tests.shopper import hidden_fields

NEW = "/admin/products/new"
WORDS = "A mug thrown by hand.\r\n\r\nIt holds a pint."


def end_sessions(app):
    with app.app_context():
        write(lambda: db.session.execute(delete(LoginSession)))


def typed_mug(owner):
    return {**fields_of(owner.get(NEW).text), **MUG, "category": "1", "description": WORDS}


def sign_in_again(owner, reply, email=EMAIL):
    assert reply.status_code == 303
    page = owner.get(reply.headers["Location"])
    form = {**hidden_fields(page.text), "email": email, "password": PASSWORD}
    return owner.post("/admin/sign-in", form)


def products(app):
    with app.app_context():
        return list(db.session.scalars(select(Product.name).where(Product.name == MUG["name"])))


def test_a_form_sent_after_the_session_ended_is_shown_filled_in_after_the_login(app, owner):
    form = typed_mug(owner)
    end_sessions(app)

    reply = sign_in_again(owner, owner.post(NEW, form))

    assert reply.headers["Location"] == "/admin/kept-form"
    page = owner.get("/admin/kept-form")
    assert problems(page) == ["You were signed out before this was saved. Check it and press the button again"]
    again = fields_of(page.text)
    assert (again["name"], again["price"], again["description"]) == (MUG["name"], MUG["price"], WORDS.replace("\r", ""))
    assert products(app) == []
    assert owner.page.find(".//main//form").get("action") == NEW
    assert owner.post(NEW, again).status_code == 303
    assert products(app) == [MUG["name"]]


def test_saving_a_kept_form_shows_what_another_user_changed(app, owner, provider):
    area = "/admin/delivery-areas/1"
    form = {**fields_of(owner.get(area).text), "delivery_time": "tomorrow"}
    other = AdminClient(app, provider)
    end_sessions(app)
    other.sign_in()
    other.post(area, {**fields_of(other.get(area).text), "fee": "350"})

    sign_in_again(owner, owner.post(area, form))

    reply = owner.post(area, fields_of(owner.get("/admin/kept-form").text))
    assert reply.status_code == 409
    assert fields_of(reply.text)["fee"] == "350" and fields_of(reply.text)["delivery_time"] == "tomorrow"


def test_only_the_same_user_in_the_same_browser_sees_it_and_only_for_two_hours(app, owner, provider, monkeypatch):
    create_staff(app)
    form = typed_mug(owner)
    end_sessions(app)
    reply = owner.post(NEW, form)
    elsewhere = AdminClient(app, provider)
    elsewhere.sign_in()
    assert elsewhere.get("/admin/kept-form").status_code == 303

    sign_in_again(owner, reply, STAFF)
    assert owner.get("/admin/kept-form").status_code == 303
    owner.sign_out()
    owner.sign_in()
    assert owner.get("/admin/kept-form").status_code == 200

    later = utcnow() + timedelta(hours=2)
    monkeypatch.setattr(kept_forms, "utcnow", lambda: later)
    assert owner.get("/admin/kept-form").status_code == 303
    with app.app_context():
        assert kept_forms.sweep_kept_forms() == 1


def test_kept_forms_are_encrypted_and_hold_no_password(app, owner):
    form = typed_mug(owner)
    own = {**hidden_fields(owner.get("/admin/account").text), "old": PASSWORD, "password": "another one here"}
    end_sessions(app)
    owner.post(NEW, form)
    with app.app_context():
        assert MUG["name"] not in db.session.scalars(select(KeptForm.sealed)).one()

    owner.sign_in()
    end_sessions(app)
    token = hidden_fields(owner.get("/admin/sign-in").text)["csrf_token"]
    owner.post("/admin/account/password", {**own, "csrf_token": token})
    with app.app_context():
        assert "another one" not in "".join(db.session.scalars(select(KeptForm.sealed)))
    assert owner.get("/admin/kept-form").status_code == 303


def test_a_reason_typed_before_the_admin_asked_for_the_password_is_kept(app, owner, monkeypatch):
    (number,) = order_factory.keep(app, order_factory.order())
    address = f"/admin/orders/{number}/mark-paid"
    form = {**fields_of(owner.get(address).text), "reason": "Paid at the market stall", "amount": "12"}
    monkeypatch.setattr(login, "FRESH_FOR_POST", timedelta(seconds=-1))

    reply = owner.post(address, form)
    monkeypatch.undo()

    assert reply.headers["Location"] == "/admin/confirm?next=/admin/kept-form"
    page = owner.get(reply.headers["Location"]).text
    reply = owner.post("/admin/confirm", {**hidden_fields(page), "password": PASSWORD})
    assert reply.headers["Location"] == "/admin/kept-form"
    assert "Paid at the market stall" in owner.get("/admin/kept-form").text


def test_a_form_opened_before_another_login_comes_back_filled_in_and_another_sites_form_does_not(app, owner):
    form = {**typed_mug(owner), "csrf_token": "of an earlier login"}
    foreign = owner.post(NEW, form, headers={"Origin": "https://evil.example"})
    assert (foreign.status_code, MUG["name"] in foreign.text) == (403, False)

    reply = owner.post(NEW, form)

    assert reply.status_code == 400
    assert fields_of(reply.text)["description"] == WORDS.replace("\r", "")
    assert products(app) == []
    assert owner.post(NEW, fields_of(reply.text)).status_code == 303


def test_a_busy_database_leaves_the_form_filled_in(app, owner, monkeypatch):
    form = typed_mug(owner)

    def away(*_):
        raise OperationalError("", {}, Exception("locked"))

    with monkeypatch.context() as patch:
        patch.setattr("shop.admin.catalog.product_edit_views.make_once", away)
        reply = owner.post(NEW, form)

    assert (reply.status_code, reply.headers["Retry-After"]) == (503, "5")
    assert fields_of(reply.text)["description"] == WORDS.replace("\r", "")
    assert owner.post(NEW, fields_of(reply.text)).status_code == 303
