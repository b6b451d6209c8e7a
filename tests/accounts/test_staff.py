"""Invitations, roles and removing users; the last owner stays."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import func, select, update

from shop.accounts import staff as staffing
from shop.accounts.models import OneTimeLink, User
from shop.core.clock import utcnow
from shop.core.database import db
from shop.emails.delivery import send_due
from shop.emails.models import OutboxEmail
from tests import both_databases
from tests.admin_client import EMAIL, PASSWORD, STAFF, AdminClient, create_owner, mailed_links
from tests.at_once import at_once
from tests.shopper import hidden_fields

GUEST, CHOSEN = "guest@example.com", "kettle bicycle mango thunder"
SECOND, SECOND_PASSWORD = "second@example.com", "another long walk"


def invite(owner, email=GUEST, role="staff"):
    form = hidden_fields(owner.get("/admin/users/invite").text)
    return owner.post("/admin/users/invite", {**form, "email": email, "role": role})


def accept(visitor, path, password=CHOSEN):
    form = hidden_fields(visitor.get(path).text)
    return visitor.post(path, {**form, "name": "Njeri Test", "password": password})


def user_id(app, email):
    with app.app_context():
        return db.session.scalars(select(User.id).where(User.email == email)).one()


def change(owner, email, what, **fields):
    page = f"/admin/users/{user_id(owner.app, email)}"
    return owner.post(f"{page}/{what}", {**hidden_fields(owner.get(page).text), **fields})


def owners(app):
    with app.app_context():
        return db.session.scalar(select(func.count()).where(User.active, User.role == "owner"))


@pytest.mark.parametrize(("role", "users_page"), [("staff", 403), ("owner", 200)])
def test_an_invited_user_chooses_a_name_and_a_password_and_signs_in(app, owner, role, users_page):
    assert invite(owner, role=role).status_code == 303
    guest = AdminClient(app)
    [path] = mailed_links(app)

    accepted = accept(guest, path)

    assert accepted.headers["Location"] == "/admin/sign-in"
    assert "Welcome, Njeri Test." in guest.get("/admin/sign-in").text
    assert guest.sign_in(GUEST, CHOSEN).status_code == 303
    assert guest.get("/admin/users").status_code == users_page
    assert "Njeri Test" in owner.get("/admin/users").text


@both_databases
def test_simultaneous_acceptances_of_an_invitation_create_one_user_and_of_two_invitations_two(app, owner):
    for email in (GUEST, "guest2@example.com"):
        invite(owner, email)
    first, second = mailed_links(app)
    works = []
    for path in (first, first, first, second):
        guest = AdminClient(app)
        form = {**hidden_fields(guest.get(path).text), "name": "Njeri", "password": CHOSEN}
        works.append(lambda guest=guest, path=path, form=form: guest.post(path, form).status_code)

    *same, other = at_once(works)

    assert (sorted(same), other) == ([303, 404, 404], 303)
    assert AdminClient(app).get(first).status_code == 404


def test_an_invitation_can_be_withdrawn(app, owner):
    invite(owner)
    page = owner.get("/admin/users").text
    action = re.search(r"/admin/users/invitations/\d+/withdraw", page)[0]
    owner.post(action, hidden_fields(page))

    assert "This link no longer works" in AdminClient(app).get(mailed_links(app)[0]).text
    again = owner.post(action, hidden_fields(page), follow_redirects=True)
    assert "was used or withdrawn while you were looking at it" in again.text


def test_only_the_newest_invitation_to_an_email_works(app, owner):
    invite(owner)
    invite(owner, role="owner")
    page = owner.get("/admin/users").text
    owner.post(re.search(r"/admin/users/invitations/\d+/again", page)[0], hidden_fields(page))
    *old, new = mailed_links(app)

    assert [AdminClient(app).get(link).status_code for link in old] == [404, 404]
    assert "as an owner" in AdminClient(app).get(new).text


def test_an_invitation_works_for_72_hours(app, owner):
    invite(owner)
    with app.app_context():
        link = db.session.scalars(select(OneTimeLink)).one()
        assert link.expires_at - link.written_at == timedelta(hours=72)
        db.session.execute(update(OneTimeLink).values(expires_at=utcnow() - timedelta(seconds=1)))
        db.session.commit()

    assert AdminClient(app).get(mailed_links(app)[0]).status_code == 404
    assert "The link has expired; send it again." in owner.get("/admin/users").text


def test_the_email_alone_contains_the_link(app, owner):
    invite(owner)
    [path] = mailed_links(app)
    token = path.rsplit("/", 1)[1]

    with app.app_context():
        mail, link = (db.session.scalars(select(model)).one() for model in (OutboxEmail, OneTimeLink))
        assert not [text for text in (mail.body, mail.idempotency_key, link.token_hash) if token in text]
        assert send_due(app.config["SETTINGS"], utcnow()) == 1
        [sent] = (app.config["SETTINGS"].instance_path / "mail").glob("*.eml")
        page = owner.get(f"/admin/emails/{mail.id}").text
        assert "only its recipient may use" in page
        assert token not in page and mail.body not in page
    assert path in sent.read_text().replace("=\n", "")


@pytest.mark.parametrize("kind", ["invited", "password"])
def test_a_guessed_link_opens_nothing(app, owner, kind):
    invite(owner)

    for token in ("x", "-" * 43, "0" * 5_000, "%00", "..%2F.."):
        assert AdminClient(app).get(f"/admin/sign-in/{kind}/{token}").status_code == 404, token


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
    refused = invite(owner, email, role)

    assert refused.status_code == 422
    assert words in refused.text
    assert mailed_links(app) == []


def test_an_invited_user_needs_a_strong_password(app, owner):
    invite(owner)
    [path] = mailed_links(app)
    for password in ("", "short", GUEST, "guestguest2026"):
        refused = accept(AdminClient(app), path, password)
        assert refused.status_code == 422, password
        assert 'value="Njeri Test"' in refused.text, "the name that was typed stays"

    assert accept(AdminClient(app), path).status_code == 303, "and so does the link"


def test_a_removed_user_is_signed_out_stays_in_the_audit_log_and_can_be_invited_again(app, owner, staff):
    address = f"/admin/users/{user_id(app, STAFF)}"
    removed = change(owner, STAFF, "remove")

    assert removed.headers["Location"] == "/admin/users"
    assert staff.get("/admin/").status_code == 303
    assert staff.sign_in(STAFF).status_code == 200
    assert "1 removed" in owner.get("/admin/users").text
    assert STAFF in owner.get("/admin/audit-log").text
    assert owner.get(address).status_code == 404

    invite(owner, STAFF)
    accept(staff, *mailed_links(app))
    assert staff.sign_in(STAFF, PASSWORD).status_code == 200
    assert staff.sign_in(STAFF, CHOSEN).status_code == 303


def test_the_last_owner_stays(owner):
    for what, fields in (("remove", {}), ("role", {"role": "staff"})):
        change(owner, EMAIL, what, **fields)
        assert "this is the last one" in owner.get("/admin/users").text
    assert owner.get("/admin/users").status_code == 200


@both_databases
@pytest.mark.parametrize("what", ["remove", "role"])
def test_of_two_owners_who_remove_each_other_at_once_one_stays(app, owner, what):
    create_owner(app, SECOND, SECOND_PASSWORD)
    second = AdminClient(app)
    second.sign_in(SECOND, SECOND_PASSWORD)
    works = []
    for actor, email in ((owner, SECOND), (second, EMAIL)):
        page = f"/admin/users/{user_id(app, email)}"
        form = {**hidden_fields(actor.get(page).text), "role": "staff"}
        works.append(lambda actor=actor, page=page, form=form: actor.post(f"{page}/{what}", form).status_code)

    assert set(at_once(works)) == {303}
    assert owners(app) == 1


def test_a_user_who_is_no_longer_an_owner_changes_nothing(app, owner, monkeypatch):
    create_owner(app, SECOND, SECOND_PASSWORD)
    real = staffing.remove_user

    def removed_first(user_id):
        db.session.execute(update(User).where(User.email == EMAIL).values(active=False))
        db.session.expire_all()
        return real(user_id)

    monkeypatch.setattr(staffing, "remove_user", removed_first)

    assert change(owner, SECOND, "remove").status_code == 303
    assert owners(app) == 2


def test_a_new_role_ends_all_sessions_and_applies_from_the_next_login(owner, staff):
    for role in ("", "admin", "<canary>&\"'"):
        change(owner, STAFF, "role", role=role)
        assert "Choose a role: staff or owner" in owner.get("/admin/users").text
    assert staff.get("/admin/").status_code == 200

    change(owner, STAFF, "role", role="owner")
    assert staff.get("/admin/").status_code == 303
    staff.sign_in(STAFF)
    assert staff.get("/admin/users").status_code == 200


@pytest.mark.parametrize("forged", ["99999", "2147483648", "99999999999999999999", "-1", "1e3"])
def test_a_forged_id_finds_no_user(owner, forged):
    form = {**hidden_fields(owner.get("/admin/users/invite").text), "role": "staff"}

    assert owner.get(f"/admin/users/{forged}").status_code == 404
    for what in ("role", "remove", "codes-off"):
        assert owner.post(f"/admin/users/{forged}/{what}", form).status_code == 404
