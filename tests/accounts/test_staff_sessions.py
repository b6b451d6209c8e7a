"""Login sessions: where a user is signed in, and what ends a session at once."""

from datetime import timedelta

import pytest
from sqlalchemy import event, select, update

from shop.accounts import staff_sessions
from shop.accounts.models import LoginSession, User
from shop.core.clock import utcnow
from shop.core.database import db, write
from tests import both_databases
from tests.admin_client import EMAIL, PASSWORD, STAFF, AdminClient, create_owner, create_staff
from tests.shopper import hidden_fields

NEW = "a longer walk to Mombasa"
PHONE = "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Mobile Safari/537.36"


def _cookie(owner):
    return owner.browser.get_cookie("session").value


def _thief(app, cookie):
    """Another browser with a copy of the cookie."""
    thief = AdminClient(app)
    thief.browser.set_cookie("session", cookie)
    return thief


def _change_password(owner, old=PASSWORD, new=NEW):
    form = hidden_fields(owner.get("/admin/me").text)
    return owner.post("/admin/me/password", {**form, "old": old, "password": new})


@both_databases
def test_a_copied_cookie_opens_nothing_after_logout(app, owner):
    thief = _thief(app, _cookie(owner))
    assert thief.get("/admin/").status_code == 200

    owner.sign_out()

    assert thief.get("/admin/").status_code == 303


def test_a_new_password_ends_all_other_sessions_and_keeps_this_one(app, owner):
    thief, elsewhere = _thief(app, _cookie(owner)), AdminClient(app)
    elsewhere.sign_in()

    changed = _change_password(owner)

    assert changed.status_code == 303
    assert "Your password is changed" in owner.get("/admin/me").text
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
    refused = _change_password(owner, old, new)

    assert refused.status_code == 422
    assert "<title>Error: " in refused.text
    assert words in refused.text
    assert f'value="{new}"' not in refused.text.replace(f'value="{EMAIL}" autocomplete="username"', "")
    owner.sign_out()
    assert owner.sign_in().status_code == 303


def test_login_makes_a_new_token_and_ends_the_browsers_older_session(app, visitor):
    planted = hidden_fields(visitor.get("/admin/sign-in").text)
    before = _cookie(visitor)
    visitor.post("/admin/sign-in", {**planted, "email": EMAIL, "password": PASSWORD})
    first = _cookie(visitor)

    assert _thief(app, before).get("/admin/").status_code == 303, "a planted cookie opens nothing"
    with visitor.browser.session_transaction("/admin/") as session:
        token = session[staff_sessions.TOKEN]
        del session["_user_id"]
    visitor.sign_in()
    with visitor.browser.session_transaction("/admin/") as session:
        assert session[staff_sessions.TOKEN] != token
    assert _thief(app, first).get("/admin/").status_code == 303


def test_the_database_keeps_no_token(app, owner):
    with owner.browser.session_transaction("/admin/") as session:
        token = session[staff_sessions.TOKEN]

    with app.app_context():
        assert token not in db.session.scalars(select(LoginSession.token_hash)).one()


def test_a_session_token_of_another_user_opens_nothing(app, owner):
    create_staff(app)
    staff = AdminClient(app)
    staff.sign_in(STAFF)
    with owner.browser.session_transaction("/admin/") as session:
        token = session[staff_sessions.TOKEN]
    with staff.browser.session_transaction("/admin/") as session:
        session[staff_sessions.TOKEN] = token

    assert staff.get("/admin/").status_code == 303


@both_databases
def test_the_account_lists_the_sessions_and_ends_the_others(app, owner):
    phone = AdminClient(app)
    phone.browser.environ_base["HTTP_USER_AGENT"] = PHONE
    phone.sign_in()
    page = owner.get("/admin/me").text

    assert "Chrome on Android" in page
    assert page.count("This one") == 1
    owner.post("/admin/me/sessions/end", hidden_fields(page))
    assert "Signed out 1 other browser" in owner.get("/admin/me").text
    assert phone.get("/admin/").status_code == 303
    assert "Chrome on Android" not in owner.get("/admin/me").text


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


def _asked(app, owner, address):
    with app.app_context():
        engine = db.engine
    statements = []

    def listen(*words):
        statements.append(words[2])

    event.listen(engine, "before_cursor_execute", listen)
    assert owner.get(address).status_code == 200
    event.remove(engine, "before_cursor_execute", listen)
    return statements


def test_loading_the_user_takes_one_query_and_no_write(app, owner):
    owner.get("/admin/me")
    statements = _asked(app, owner, "/admin/people/invite")

    assert len([words for words in statements if "users" in words.lower()]) == 1, statements
    assert not [words for words in statements if words.startswith(("UPDATE", "INSERT", "DELETE"))]


def test_last_seen_is_written_once_a_minute(app, owner):
    with app.app_context():
        long_ago = utcnow() - timedelta(minutes=3)
        db.session.execute(update(LoginSession).values(last_seen_at=long_ago))
        db.session.execute(update(User).values(last_seen_at=long_ago))
        db.session.commit()

    first = _asked(app, owner, "/admin/people")
    second = _asked(app, owner, "/admin/people")

    assert len([words for words in first if words.startswith("UPDATE")]) == 2
    assert not [words for words in second if words.startswith("UPDATE")]
    with app.app_context():
        for moment in (
            db.session.scalars(select(LoginSession.last_seen_at)).one(),
            db.session.scalars(select(User.last_seen_at)).one(),
        ):
            assert utcnow() - moment < timedelta(seconds=30)


def test_a_user_changes_their_name(app, owner):
    page = owner.get("/admin/me").text
    owner.post("/admin/me/name", {**hidden_fields(page), "name": "  Wanjiru\n Test "})
    assert "Your name is now Wanjiru Test" in owner.get("/admin/people").text
    assert ">Wanjiru Test</a>" in owner.get("/admin/people").text


@pytest.mark.parametrize("name", ["", "   ", "\0\0", "n" * 5_000])
def test_an_invalid_name_is_refused(owner, name):
    refused = owner.post("/admin/me/name", {**hidden_fields(owner.get("/admin/me").text), "name": name})

    assert refused.status_code == 422
    assert "<title>Error: " in refused.text


@pytest.mark.parametrize("name", ["Shop", " buyer", "CHPTER", "Ｓｈｏｐ", "Unknown-user", "Wanjiru Packs"])
def test_a_reserved_or_taken_name_is_refused(app, owner, name):
    create_owner(app, "packer@example.com", "another long walk")
    with app.app_context():
        write(lambda: db.session.execute(update(User).where(User.email != EMAIL).values(name="wanjiru packs")))

    refused = owner.post("/admin/me/name", {**hidden_fields(owner.get("/admin/me").text), "name": name})

    assert refused.status_code == 422
    assert ("Enter your own name" in refused.text) != ("Another user has this name" in refused.text)


def test_the_same_name_can_be_saved_again(owner):
    for _ in range(2):
        saved = owner.post("/admin/me/name", {**hidden_fields(owner.get("/admin/me").text), "name": "Njeri"})
        assert saved.status_code == 303


def test_names_are_escaped(owner):
    owner.post("/admin/me/name", {**hidden_fields(owner.get("/admin/me").text), "name": "<canary>&\"' 😀"})

    for address in ("/admin/me", "/admin/people", "/admin/people/log"):
        assert "&lt;canary&gt;" in owner.get(address).text
