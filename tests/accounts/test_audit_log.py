"""The audit log: who, what, when; append-only."""

import ast
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import event, func, select

from shop.accounts.audit_log import audit_as
from shop.accounts.models import AuditLogEntry, User
from shop.core.clock import utcnow
from shop.core.database import db, write
from shop.orders.models import Order
from tests import both_databases, order_factory
from tests.admin_client import EMAIL, STAFF, AdminClient, create_staff
from tests.shopper import hidden_fields

ROOT = Path(__file__).parents[2]


def _words(app):
    with app.app_context():
        return list(db.session.scalars(select(AuditLogEntry.words).order_by(AuditLogEntry.id)))


def _log(owner, **asked):
    return owner.get("/admin/people/log", query_string=asked).text


@both_databases
def test_logins_failed_logins_and_logouts_are_recorded(app, visitor):
    visitor.sign_in(password="not it at all")
    visitor.sign_in()
    visitor.sign_out()

    assert _words(app)[-3:] == [
        f"Failed login for {EMAIL}",
        "Signed in with password",
        "Signed out",
    ]
    visitor.sign_in()
    page = _log(visitor)
    assert page.index("Signed out") < page.index("Failed login"), "newest first"


def test_an_unknown_email_is_not_written_down(app, visitor):
    visitor.sign_in(email="somebody-else@example.com")

    assert _words(app)[-1] == "Failed login for an unknown email"


def test_a_known_and_an_unknown_email_take_the_same_writes(app, visitor):
    with app.app_context():
        engine = db.engine
    counts = []
    for email in (EMAIL, "nobody@example.com"):
        statements = []

        def listen(*words, into=statements):
            into.append(words[2].split()[0])

        event.listen(engine, "before_cursor_execute", listen)
        visitor.sign_in(email=email, password="not it at all")
        event.remove(engine, "before_cursor_execute", listen)
        counts.append([words for words in statements if words in ("UPDATE", "INSERT")])

    assert counts[0] == counts[1] == ["INSERT"]


def test_the_log_is_filtered_by_user_and_by_day(app, owner):
    create_staff(app)
    staff = AdminClient(app)
    staff.sign_in(STAFF)
    with app.app_context():
        staff_id = db.session.scalars(select(User.id).where(User.email == STAFF)).one()
        write(lambda: audit_as("Counted the baskets", "Njeri", staff_id))

    page = _log(owner, person=staff_id)
    assert "Counted the baskets" in page
    assert page.count("Signed in with password") == 1
    today = (utcnow() + timedelta(hours=3)).date()
    assert "Counted the baskets" in _log(owner, person=staff_id, day=today.isoformat())
    assert "No entries" in _log(owner, day=(today - timedelta(days=1)).isoformat())


@both_databases
def test_days_are_those_of_nairobi(app, owner):
    from datetime import datetime

    with app.app_context():
        late = datetime.fromisoformat("2026-03-01T20:59:59+00:00")  # a second before midnight in Nairobi
        db.session.add(AuditLogEntry(at=late, who="Njeri", words="The last of the first"))
        db.session.add(AuditLogEntry(at=late + timedelta(seconds=1), who="Njeri", words="The first of the second"))
        db.session.commit()

    first, second = _log(owner, day="2026-03-01"), _log(owner, day="2026-03-02")
    assert ("The last of the first" in first, "The first of the second" in first) == (True, False)
    assert ("The last of the first" in second, "The first of the second" in second) == (False, True)


def test_the_log_is_paged_by_key_and_misses_nothing(app, owner):
    with app.app_context():
        write(lambda: [audit_as(f"Act number {n:03d}", "Njeri", None) for n in range(120)])
    seen, address = [], "/admin/people/log"
    while address:
        page = owner.get(address)
        seen += [f"Act number {n:03d}" for n in range(119, -1, -1) if f"Act number {n:03d}" in page.text]
        links = [a for a in owner.page.iter("a") if (a.text or "") == "Older"]
        address = links[0].get("href") if links else None

    assert seen == [f"Act number {n:03d}" for n in range(119, -1, -1)]


def test_an_entry_links_to_its_order_without_a_query_each(app, owner):
    numbers = order_factory.keep(app, *(order_factory.order() for _ in range(20)))
    with app.test_request_context("/admin/"):
        for number in numbers:
            order = db.session.scalars(select(Order).where(Order.number == number)).one()
            write(lambda order=order: audit_as("Packed it", "Njeri", None, order))
        engine = db.engine
    statements = []

    def listen(*words):
        statements.append(words[2])

    event.listen(engine, "before_cursor_execute", listen)
    page = _log(owner)
    event.remove(engine, "before_cursor_execute", listen)

    assert f'href="/admin/orders/{numbers[0]}"' in page
    assert len(statements) <= 5


@pytest.mark.parametrize(
    "asked", ["x", "99999999999", "-1", "\0", "1e3", "\N{ARABIC-INDIC DIGIT ONE}", "<canary>&\"'", "9" * 5000]
)
@pytest.mark.parametrize("name", ["person", "before", "day"])
def test_nonsense_in_the_address_is_no_error(owner, name, asked):
    reply = owner.get("/admin/people/log", query_string={name: asked})

    assert reply.status_code == 200


def test_entries_are_escaped(app, owner):
    with app.app_context():
        write(lambda: audit_as("<canary>&\"' " * 20, "<canary>&\"'", None))

    assert "&lt;canary&gt;" in _log(owner)


class TestOnlyAdded:
    """No code changes or deletes an entry."""

    def test_no_code_names_the_table_but_to_add_or_to_read(self):
        found = {}
        for file in sorted((ROOT / "shop").rglob("*.py")):
            for node in ast.walk(ast.parse(file.read_text())):
                if isinstance(node, ast.Call) and any(getattr(arg, "id", "") == "AuditLogEntry" for arg in node.args):
                    name = getattr(node.func, "id", getattr(node.func, "attr", ""))
                    found.setdefault(name, []).append(file.name)
        # the one exception: anonymising a buyer removes the name from the words, and the entry stays
        assert found.pop("update") == ["anonymise.py"]
        assert not {"delete", "get", "get_one"} & set(found), found
        sources = "".join(file.read_text().casefold() for file in (ROOT / "shop").rglob("*.py"))
        assert "update audit_log_entry" not in sources and "delete from audit_log_entry" not in sources

    def test_an_entry_cannot_be_changed_or_deleted_by_mistake(self, app, owner):
        with app.app_context():
            entry = db.session.scalars(select(AuditLogEntry)).first()
            entry.words = "Never happened"
            with pytest.raises(TypeError):
                db.session.commit()
            db.session.rollback()
            db.session.delete(db.session.scalars(select(AuditLogEntry)).first())
            with pytest.raises(TypeError):
                db.session.commit()

    def test_no_page_changes_it(self, app, owner):
        token = hidden_fields(owner.get("/admin/people").text)
        for method in ("POST", "PUT", "PATCH", "DELETE"):
            assert owner.browser.open("/admin/people/log", method=method, data=token).status_code == 405

    def test_everyday_acts_update_no_entry(self, app, owner):
        with app.app_context():
            engine = db.engine
        statements = []
        event.listen(engine, "before_cursor_execute", lambda *words: statements.append(words[2].casefold()))
        page = owner.get("/admin/me").text
        owner.post("/admin/me/name", {**hidden_fields(page), "name": "Wanjiru"})
        owner.sign_out()
        owner.sign_in()

        log = [words for words in statements if "audit_log_entry" in words and not words.startswith("select")]
        assert log and all(words.startswith("insert") for words in log)


@both_databases
def test_an_entry_is_rolled_back_with_its_act(app, owner):
    with app.app_context():
        before = db.session.scalar(select(func.count()).select_from(AuditLogEntry))

        def half_done():
            audit_as("Did half of it", "Njeri", None)
            db.session.flush()
            raise RuntimeError

        with pytest.raises(RuntimeError):
            write(half_done)
        assert db.session.scalar(select(func.count()).select_from(AuditLogEntry)) == before
