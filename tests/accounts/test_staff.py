"""Invitations, roles and removing users; the last owner stays."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from shop.accounts import staff as staffing
from shop.accounts.models import OneTimeLink, User
from shop.core.clock import utcnow
from shop.core.database import db
from shop.emails.models import OutboxEmail
from tests import both_databases
from tests.admin_client import EMAIL, PASSWORD, STAFF, AdminClient, create_owner, create_staff, mailed_links
from tests.at_once import at_once
from tests.shopper import hidden_fields

GUEST, CHOSEN = "guest@example.com", "kettle bicycle mango thunder"
SECOND, SECOND_PASSWORD = "second@example.com", "another long walk"


def _invite(owner, email=GUEST, role="staff"):
    form = hidden_fields(owner.get("/admin/people/invite").text)
    return owner.post("/admin/people/invite", {**form, "email": email, "role": role})


def _accept(visitor, path, name="Njeri Test", password=CHOSEN):
    return visitor.post(path, {**hidden_fields(visitor.get(path).text), "name": name, "password": password})


def _id(app, email):
    with app.app_context():
        return db.session.scalars(select(User.id).where(User.email == email)).one()


def _act(owner, user_id, what, **fields):
    form = hidden_fields(owner.get(f"/admin/people/{user_id}").text)
    return owner.post(f"/admin/people/{user_id}/{what}", {**form, **fields})


@both_databases
@pytest.mark.parametrize(("role", "users_page"), [("staff", 403), ("owner", 200)])
def test_an_invited_user_chooses_a_name_and_a_password_and_signs_in(app, owner, role, users_page):
    assert _invite(owner, role=role).status_code == 303
    guest = AdminClient(app)
    [path] = mailed_links(app)

    accepted = _accept(guest, path)

    assert accepted.headers["Location"] == "/admin/sign-in"
    assert "Welcome, Njeri Test." in guest.get("/admin/sign-in").text
    assert guest.sign_in(GUEST, CHOSEN).status_code == 303
    assert guest.browser.get("/admin/people").status_code == users_page
    assert "Njeri Test" in owner.get("/admin/people").text


@both_databases
def test_simultaneous_acceptances_of_one_invitation_create_one_user(app, owner):
    _invite(owner)
    [path] = mailed_links(app)
    guests = [AdminClient(app) for _ in range(3)]
    forms = [{**hidden_fields(guest.get(path).text), "name": "Njeri", "password": CHOSEN} for guest in guests]

    replies = at_once(
        [
            lambda guest=guest, form=form: guest.post(path, form).status_code
            for guest, form in zip(guests, forms, strict=True)
        ]
    )

    assert sorted(replies) == [303, 404, 404]
    assert guests[0].get(path).status_code == 404


@both_databases
def test_two_invitations_can_be_accepted_at_the_same_moment(app, owner):
    for number in (1, 2):
        _invite(owner, f"guest{number}@example.com")
    guests = [AdminClient(app), AdminClient(app)]
    paths = mailed_links(app)
    works = [lambda guest=guest, path=path: _accept(guest, path) for guest, path in zip(guests, paths, strict=True)]

    assert [reply.status_code for reply in at_once(works)] == [303, 303]


def test_an_invitation_can_be_withdrawn(app, owner):
    _invite(owner)
    page = owner.get("/admin/people").text
    action = re.search(r"/admin/people/invitations/\d+/withdraw", page)[0]
    owner.post(action, hidden_fields(page))

    assert "This link no longer works" in AdminClient(app).get(mailed_links(app)[0]).text
    again = owner.post(action, hidden_fields(page), follow_redirects=True)
    assert "was used or withdrawn while you were looking at it" in again.text


def test_an_invitation_sent_again_has_a_new_link_and_the_old_one_stops_working(app, owner):
    _invite(owner, role="owner")
    page = owner.get("/admin/people").text
    owner.post(re.search(r"/admin/people/invitations/\d+/again", page)[0], hidden_fields(page))
    old, new = mailed_links(app)

    assert AdminClient(app).get(old).status_code == 404
    assert "as an owner" in AdminClient(app).get(new).text


def test_an_invitation_works_for_72_hours(app, owner):
    _invite(owner)
    with app.app_context():
        link = db.session.scalars(select(OneTimeLink)).one()
        assert link.expires_at - link.written_at == timedelta(hours=72)
        db.session.execute(update(OneTimeLink).values(expires_at=utcnow() - timedelta(seconds=1)))
        db.session.commit()

    assert AdminClient(app).get(mailed_links(app)[0]).status_code == 404
    assert "The link has expired; send it again." in owner.get("/admin/people").text


def test_neither_the_table_nor_the_outbox_shows_a_link(app, owner):
    _invite(owner)
    token = mailed_links(app)[0].rsplit("/", 1)[1]

    with app.app_context():
        mail = db.session.scalars(select(OutboxEmail)).one()
        link = db.session.scalars(select(OneTimeLink)).one()
        assert token not in mail.body
        assert token not in (link.token_hash, mail.idempotency_key)
        address = f"/admin/mail/{mail.id}"

    page = owner.get(address).text
    assert "only its recipient may use" in page
    assert token not in page and mail.body not in page


def test_the_sent_email_contains_the_link(app, owner):
    from shop.emails.delivery import send_due

    _invite(owner)
    with app.app_context():
        assert send_due(app.config["SETTINGS"], utcnow()) == 1
        folder = app.config["SETTINGS"].instance_path / "mail"
    [mail] = [file.read_text() for file in folder.glob("*.eml")]

    assert mailed_links(app)[0] in mail.replace("=\n", "")
    assert "sealed" not in mail


@pytest.mark.parametrize("token", ["x", "-" * 43, "0" * 5_000, "%00", "..%2F.."])
@pytest.mark.parametrize("kind", ["invited", "password"])
def test_a_guessed_link_opens_nothing(app, owner, token, kind):
    _invite(owner)

    assert AdminClient(app).get(f"/admin/sign-in/{kind}/{token}").status_code == 404


@pytest.mark.parametrize(
    ("email", "role", "words"),
    [
        ("", "staff", "Enter the email"),
        ("not an email", "staff", "That is not an email address"),
        ("x" * 5_000 + "@example.com", "staff", "The email is too long"),
        ("nul\0@example.com", "staff", "That is not an email address"),
        ("two@example.com\nBcc: all@example.com", "staff", "That is not an email address"),
        (GUEST, "", "Choose a role"),
        (GUEST, "admin", "Not a valid choice"),
        (EMAIL.upper(), "staff", "already a user with this email"),
    ],
)
def test_an_invalid_invitation_is_explained_and_not_sent(app, owner, email, role, words):
    refused = _invite(owner, email, role)

    assert refused.status_code == 422
    assert words in refused.text
    assert mailed_links(app) == []


@pytest.mark.parametrize("password", ["short", GUEST, "guestguest2026", "aaaaaaaaaaaaaaaa", ""])
def test_an_invited_user_needs_a_strong_password(app, owner, password):
    _invite(owner)
    [path] = mailed_links(app)
    refused = _accept(AdminClient(app), path, password=password)

    assert refused.status_code == 422
    assert 'value="Njeri Test"' in refused.text, "the name that was typed stays"
    assert _accept(AdminClient(app), path).status_code == 303, "and so does the link"


def test_two_invitations_to_one_email_leave_one_link(app, owner):
    _invite(owner)
    _invite(owner, role="owner")

    with app.app_context():
        assert db.session.scalars(select(OneTimeLink.role)).all() == ["owner"]


def test_a_removed_user_is_signed_out_and_the_audit_log_keeps_the_name(app, owner):
    create_staff(app)
    staff = AdminClient(app)
    staff.sign_in(STAFF)

    removed = _act(owner, _id(app, STAFF), "remove")

    assert removed.headers["Location"] == "/admin/people"
    assert staff.get("/admin/").status_code == 303
    assert staff.sign_in(STAFF).status_code == 200
    assert "1 removed" in owner.get("/admin/people").text
    assert STAFF in owner.get("/admin/people/log").text
    assert owner.get(f"/admin/people/{_id(app, STAFF)}").status_code == 404


def test_a_removed_user_can_be_invited_again(app, owner):
    create_staff(app)
    _act(owner, _id(app, STAFF), "remove")
    _invite(owner, STAFF)
    back = AdminClient(app)
    _accept(back, mailed_links(app)[0])

    assert back.sign_in(STAFF, PASSWORD).status_code == 200
    assert back.sign_in(STAFF, CHOSEN).status_code == 303


def test_the_last_owner_stays(app, owner):
    mine = _id(app, EMAIL)
    for what, fields in (("remove", {}), ("role", {"role": "staff"})):
        _act(owner, mine, what, **fields)
        assert "this is the last one" in owner.get("/admin/people").text
    assert owner.get("/admin/people").status_code == 200


@both_databases
@pytest.mark.parametrize("what", ["remove", "role"])
def test_of_two_owners_who_remove_each_other_at_once_one_stays(app, owner, what):
    create_owner(app, SECOND, SECOND_PASSWORD)
    second = AdminClient(app)
    second.sign_in(SECOND, SECOND_PASSWORD)
    first_id, second_id = _id(app, EMAIL), _id(app, SECOND)
    tries = []
    for one, target in ((owner, second_id), (second, first_id)):
        form = hidden_fields(one.get(f"/admin/people/{target}").text)
        tries.append(lambda owner=one, target=target, form=form: _press(owner, target, what, form))

    statuses = at_once(tries)

    assert set(statuses) <= {303}
    assert _owners(app) == 1


def _press(owner, target, what, form):
    return owner.post(f"/admin/people/{target}/{what}", {**form, "role": "staff"}).status_code


def _owners(app):
    with app.app_context():
        return len(db.session.scalars(select(User).where(User.active, User.role == "owner")).all())


def test_a_user_who_is_no_longer_an_owner_changes_nothing(app, owner, monkeypatch):
    create_owner(app, SECOND, SECOND_PASSWORD)
    target = _id(app, SECOND)
    form = hidden_fields(owner.get(f"/admin/people/{target}").text)
    real = staffing.remove_user

    def removed_first(user_id):
        db.session.execute(update(User).where(User.email == EMAIL).values(active=False))
        db.session.expire_all()
        return real(user_id)

    monkeypatch.setattr(staffing, "remove_user", removed_first)
    reply = owner.post(f"/admin/people/{target}/remove", form)

    assert reply.status_code == 303
    assert _owners(app) == 2


def test_a_new_role_ends_all_sessions_and_applies_from_the_next_login(app, owner):
    create_staff(app)
    staff = AdminClient(app)
    staff.sign_in(STAFF)
    _act(owner, _id(app, STAFF), "role", role="owner")

    assert staff.get("/admin/").status_code == 303
    staff.sign_in(STAFF)
    assert staff.get("/admin/people").status_code == 200


@pytest.mark.parametrize("role", ["", "admin", "<canary>&\"'"])
def test_an_invalid_role_changes_nothing(app, owner, role):
    create_staff(app)
    _act(owner, _id(app, STAFF), "role", role=role)

    assert "Choose a role: staff or owner" in owner.get("/admin/people").text


@pytest.mark.parametrize("forged", ["99999", "2147483648", "99999999999999999999", "-1", "1e3"])
@pytest.mark.parametrize("what", ["", "/role", "/remove", "/codes-off"])
def test_a_forged_id_finds_no_user(owner, forged, what):
    token = hidden_fields(owner.get("/admin/people/invite").text)
    address = f"/admin/people/{forged}{what}"
    reply = owner.post(address, {**token, "role": "staff"}) if what else owner.get(address)

    assert reply.status_code == 404
