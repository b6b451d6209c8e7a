"""Login sessions: where a user is signed in, and what ends a session at once."""

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from shop.accounts import staff_sessions
from shop.accounts.models import LoginSession, User
from shop.core.clock import utcnow
from shop.core.database import db, write
from tests.admin_client import EMAIL, PASSWORD, AdminClient, create_owner
from tests.query_counter import counted
from tests.shopper import hidden_fields

NEW = "a longer walk to Mombasa"
PHONE = "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Mobile Safari/537.36"


def with_cookie_of(owner):
    """Another browser with a copy of the session cookie."""
    thief = AdminClient(owner.app)
    thief.browser.set_cookie("session", owner.browser.get_cookie("session").value)
    return thief


def session_token(owner):
    with owner.browser.session_transaction("/admin/") as session:
        return session[staff_sessions.TOKEN]


def send_account(owner, page, **fields):
    return owner.post(f"/admin/account/{page}", {**hidden_fields(owner.get("/admin/account").text), **fields})


def test_a_copied_cookie_opens_nothing_after_logout(owner):
    thief = with_cookie_of(owner)
    assert thief.get("/admin/").status_code == 200

    owner.sign_out()

    assert thief.get("/admin/").status_code == 303


def test_a_new_password_ends_all_other_sessions_and_keeps_this_one(app, owner):
    thief, elsewhere = with_cookie_of(owner), AdminClient(app)
    elsewhere.sign_in()

    changed = send_account(owner, "password", old=PASSWORD, password=NEW)

    assert changed.status_code == 303
    assert "Your password is changed" in owner.get("/admin/account").text
    assert elsewhere.get("/admin/").status_code == thief.get("/admin/").status_code == 303
    assert elsewhere.sign_in().status_code == 200
    assert elsewhere.sign_in(password=NEW).status_code == 303


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("not the password", NEW, "The password is not right"),
        ("", NEW, "Enter your password"),
        (PASSWORD, "too short", "too short"),
        (PASSWORD, EMAIL, "email address"),
        (PASSWORD, "password123456", "too easy to guess"),
        (PASSWORD, "x" * 5_000, "too long"),
        (PASSWORD, "with a \0 in it, and long", "cannot be typed"),
        ("😀" * 5_000, NEW, "The password is not right"),
    ],
)
def test_an_invalid_password_change_is_explained_and_changes_nothing(owner, old, new, words):
    refused = send_account(owner, "password", old=old, password=new)

    assert refused.status_code == 422
    assert "<title>Error: " in refused.text
    assert words in refused.text
    assert f'value="{new}"' not in refused.text.replace(f'value="{EMAIL}" autocomplete="username"', "")
    owner.sign_out()
    assert owner.sign_in().status_code == 303


def test_login_makes_a_new_token_and_ends_the_browsers_older_session(visitor):
    form = {**hidden_fields(visitor.get("/admin/sign-in").text), "email": EMAIL, "password": PASSWORD}
    planted = with_cookie_of(visitor)
    visitor.post("/admin/sign-in", form)
    first, token = with_cookie_of(visitor), session_token(visitor)

    assert planted.get("/admin/").status_code == 303
    with visitor.browser.session_transaction("/admin/") as session:
        del session["_user_id"]
    visitor.sign_in()
    assert session_token(visitor) != token
    assert first.get("/admin/").status_code == 303


def test_a_session_is_of_one_user_and_the_database_keeps_no_token(app, owner, staff):
    token = session_token(owner)
    with app.app_context():
        assert token not in db.session.scalars(select(LoginSession.token_hash)).all()
    with staff.browser.session_transaction("/admin/") as session:
        session[staff_sessions.TOKEN] = token
    with owner.browser.session_transaction("/admin/") as session:
        del session[staff_sessions.TOKEN]

    assert staff.get("/admin/").status_code == owner.get("/admin/").status_code == 303


def test_the_account_lists_the_sessions_and_ends_the_others(app, owner):
    phone = AdminClient(app)
    phone.browser.environ_base["HTTP_USER_AGENT"] = PHONE
    phone.sign_in()
    page = owner.get("/admin/account").text

    assert "Chrome on Android" in page
    assert page.count("This one") == 1
    owner.post("/admin/account/sessions/end", hidden_fields(page))
    assert "Signed out 1 other browser" in owner.get("/admin/account").text
    assert phone.get("/admin/").status_code == 303
    assert "Chrome on Android" not in owner.get("/admin/account").text


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (PHONE, "Chrome on Android"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Mobile Safari/604.1", "Safari on iPhone"),
        ("Mozilla/5.0 (Windows NT 10.0) Chrome/131.0 Safari/537.36 Edg/131.0", "Edge on Windows"),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:132.0) Gecko/20100101 Firefox/132.0", "Firefox on Linux"),
        ("<canary>&\"'" * 500, "Unknown browser"),
        ("", "Unknown browser"),
    ],
)
def test_a_browser_is_named_in_a_few_words(said, words):
    assert staff_sessions.browser_name(said) == words


def test_last_seen_is_written_once_a_minute_and_the_user_is_read_in_one_query(app, owner):
    with app.app_context():
        for model in (LoginSession, User):
            earlier = update(model).values(last_seen_at=utcnow() - timedelta(minutes=3))
            write(lambda earlier=earlier: db.session.execute(earlier))

    for updates in (2, 0):
        with counted(app) as queries:
            assert owner.get("/admin/users/invite").status_code == 200
        assert len([query for query in queries if query.startswith(("UPDATE", "INSERT", "DELETE"))]) == updates
    assert len([query for query in queries if "users" in query.lower()]) == 1, queries
    with app.app_context():
        for model in (LoginSession, User):
            assert utcnow() - db.session.scalars(select(model.last_seen_at)).one() < timedelta(seconds=30)


def test_a_user_changes_their_name_and_may_save_it_again(owner):
    for _ in range(2):
        assert send_account(owner, "name", name="  Wanjiru\n Test ").status_code == 303

    page = owner.get("/admin/users").text
    assert "Your name is now Wanjiru Test" in page
    assert ">Wanjiru Test</a>" in page


@pytest.mark.parametrize(
    ("name", "words"),
    [
        *((name, "Enter your name") for name in ("", "   ", "\0\0")),
        ("n" * 5_000, "80 characters or fewer"),
        *((name, "Enter your own name") for name in ("Shop", " buyer", "CHPTER", "Ｓｈｏｐ", "Unknown-user")),
        ("Wanjiru Packs", "Another user has this name"),
    ],
)
def test_an_invalid_reserved_or_taken_name_is_refused(app, owner, name, words):
    create_owner(app, "packer@example.com", "another long walk")
    with app.app_context():
        write(lambda: db.session.execute(update(User).where(User.email != EMAIL).values(name="wanjiru packs")))

    refused = send_account(owner, "name", name=name)

    assert refused.status_code == 422
    assert "<title>Error: " in refused.text
    assert words in refused.text
