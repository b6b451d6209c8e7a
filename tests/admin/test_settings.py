"""The settings: every page and every email shows them."""

from email import message_from_bytes
from email.policy import default

import pytest
from sqlalchemy import select, text

from shop import create_app
from shop.accounts.models import AuditLogEntry
from shop.core.clock import utcnow
from shop.core.database import db
from shop.emails.delivery import send_due
from shop.emails.models import OutboxEmail
from shop.store import settings as details_module
from shop.store.settings import clear_store_cache, current_store, store_settings_row
from tests import both_databases
from tests.admin_client import DONE
from tests.page_checks import CANARY
from tests.shopper import hidden_fields

PAGE = "/admin/settings"
ANSWERS = {
    "name": "Duka la Nyumbani",
    "tagline": "Honey from Kitui.",
    "phone": "0711 222 333",
    "whatsapp": "+254 722 333 444",
    "email": "duka@example.com",
    "address": "Stall 9, City Market",
    "about": "We keep bees.\r\n\r\nOpen every day.",
    "verification_threshold": "30,000",
}


def send(owner, **answers):
    return owner.post(PAGE, {**hidden_fields(owner.get(PAGE).text, PAGE), **ANSWERS, **answers})


def text_of(owner):
    return " ".join("".join(owner.page.itertext()).split())


def mails(app, tmp_path):
    with app.app_context():
        send_due(app.config["SETTINGS"], utcnow())
    files = sorted((tmp_path / "instance" / "mail").glob("*.eml"))
    return [message_from_bytes(file.read_bytes(), policy=default) for file in files]


@both_databases
def test_what_is_saved_stands_on_every_page_and_the_catalogues_tag_changes(app, owner, shopper):
    before = shopper.get("/").headers["ETag"]
    assert "Mkono" in shopper.get("/").text

    assert send(owner).status_code == 303

    home = shopper.get("/")
    assert home.headers["ETag"] != before
    assert shopper.get("/", headers={"If-None-Match": before}).status_code == 200
    assert shopper.page.findtext(".//title").endswith("– Duka la Nyumbani")
    for words in ("Honey from Kitui.", "Stall 9, City Market", "tel:+254711222333", "https://wa.me/254722333444"):
        assert words in home.text, words
    assert "mailto:duka@example.com" in home.text
    with app.app_context():
        assert db.session.scalars(select(AuditLogEntry.words).where(DONE).order_by(AuditLogEntry.id)).all() == [
            "Changed the settings: name, tagline, phone, whatsapp, email, address, about",
            "Payments from KSh 30,000 need verification",
        ]


def test_what_is_left_empty_is_as_the_settings_say(owner, shopper):
    send(owner)
    assert send(owner, **dict.fromkeys(ANSWERS, "")).status_code == 303

    home = shopper.get("/").text
    assert "Mkono" in home
    assert "tel:+254700000000" in home
    assert shopper.get("/about").status_code == 404
    assert "About us" not in home


@both_databases
def test_the_sum_from_which_payments_are_seen_is_kept_and_empty_means_none(app, owner):
    assert sum_shown(owner) == "20000"

    for typed, kept in (("5,000", 5000), (" 1 ", 1), ("1000000", 1_000_000), ("", 0)):
        assert send(owner, verification_threshold=typed).status_code == 303
        assert sum_shown(owner) == str(kept or "")
        with app.app_context():
            assert store_settings_row().verification_threshold == kept

    with app.app_context():
        acts = db.session.scalars(select(AuditLogEntry.words).where(DONE).order_by(AuditLogEntry.id.desc())).first()
        assert acts == "Payments need no verification"


def sum_shown(owner):
    owner.get(PAGE)
    return owner.page.find(".//input[@id='verification_threshold']").get("value")


def test_a_sum_that_is_none_is_refused_and_the_one_before_holds(app, owner):
    send(owner)
    for typed in ("0", "-1", "abc", "1e3", "5.50", "1_000", "+5", "1000001", "9" * 10, "9" * 400, CANARY):
        assert send(owner, verification_threshold=typed).status_code == 422, typed
        assert "Verify payments from must be a whole number from KSh 1 to KSh 1,000,000" in text_of(owner)

    assert sum_shown(owner) == "30000"
    with app.app_context():
        assert store_settings_row().verification_threshold == 30_000


def test_the_about_page_is_linked_once_written_and_any_cache_may_keep_it(owner, shopper):
    assert shopper.get("/about").status_code == 404
    send(owner, about=f"We keep bees {CANARY}.\n\nOpen every day.")

    assert "/about" in shopper.get("/").text
    page = shopper.get("/about")
    assert page.status_code == 200
    assert page.headers["Cache-Control"].startswith("public")
    assert "Cookie" not in page.headers.get("Vary", "")
    assert "Set-Cookie" not in page.headers
    assert [p.text for p in shopper.page.findall(".//div[@class='stack about']/p")] == [
        f"We keep bees {CANARY}.",
        "Open every day.",
    ]
    assert shopper.get("/about", headers={"If-None-Match": page.headers["ETag"]}).status_code == 304


def test_the_about_page_is_there_as_soon_as_it_is_saved_whichever_process_is_asked(app, owner, settings):
    other = create_app(settings).test_client()
    assert other.get("/about").status_code == 404

    send(owner, about="We keep bees.")

    assert "We keep bees." in other.get("/about").text


@both_databases
def test_mails_come_from_the_shop_by_its_name_and_new_orders_go_to_its_address(app, owner, shopper, tmp_path):
    send(owner)
    order = shopper.buy()
    order.post_callback(order.callback())

    sent = mails(app, tmp_path)

    receipt = next(mail for mail in sent if "Receipt" in mail["Subject"])
    assert receipt["From"].addresses[0].display_name == "Duka la Nyumbani"
    assert receipt["Reply-To"] == "duka@example.com"
    assert "Duka la Nyumbani" in receipt.get_content()
    told = next(mail for mail in sent if "New paid order" in mail["Subject"])
    assert told["To"] == "duka@example.com"


@pytest.mark.parametrize(
    "name",
    [
        "Evil\r\nBcc: victim@example.com",
        "Evil\nX-Injected: yes",
        "Evil\x0bBcc: victim@example.com",
        "Evil\u2028Bcc: victim@example.com",
        '"><victim@example.com>, "x',
        "a" * 60,
        "Duka 😀 ya Mjini",
        '\\\\"quoted\\',
        CANARY,
        "victim@example.com",
        "=?utf-8?q?Bcc=3A?=",
    ],
)
def test_a_name_puts_nothing_else_into_the_head_of_a_mail(app, owner, shopper, tmp_path, name):
    assert send(owner, name=name, email="duka@example.com").status_code == 303
    shopper.buy()

    mail = mails(app, tmp_path)[0]

    assert len(mail["From"].addresses) == 1
    assert mail["From"].addresses[0].addr_spec == "shop@localhost.localdomain"
    assert {key.lower() for key in mail} >= {"from", "to"}
    assert not {"bcc", "x-injected", "cc"} & {key.lower() for key in mail}
    assert mail["To"] == "buyer@example.com"


@pytest.mark.parametrize(
    ("answers", "words"),
    [
        ({"name": "x" * 61}, "Shop name must be 60 characters or fewer"),
        ({"phone": "12"}, "Phone number must be a Kenyan mobile, like 0712 345 678"),
        ({"whatsapp": "+44 7700 900123"}, "WhatsApp number must be a Kenyan mobile, like 0712 345 678"),
        ({"email": "nobody"}, "Enter an email address in the correct format, like name@example.com"),
        ({"email": "a@example.com\r\nBcc: b@example.com"}, "Enter an email address in the correct format"),
        ({"about": "x" * 4001}, "About the shop must be 4,000 characters or fewer"),
        ({"address": "x" * 251}, "Address must be 250 characters or fewer"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_lost(owner, shopper, answers, words):
    assert send(owner, **answers).status_code == 422

    assert words in text_of(owner)
    if "tagline" not in answers:
        assert owner.page.find(".//input[@id='tagline']").get("value") == "Honey from Kitui."
    assert "Honey from Kitui" not in shopper.get("/").text


@both_databases
@pytest.mark.parametrize("name", list(ANSWERS))
def test_hostile_answers_never_break_a_page(owner, shopper, name):
    for nasty in ("\x00", "x" * 5000, "😀" * 20, CANARY, "9" * 400, "\ud7ff\u202e\u2066", "{{ 7*7 }}", "%s%n"):
        assert send(owner, **{name: nasty}).status_code in (303, 422), nasty
        assert shopper.get("/").status_code == 200
        assert shopper.get("/about").status_code in (200, 404)


def test_another_process_knows_within_seconds_and_asks_once_in_between(app, shopper, monkeypatch):
    clock = [1000.0]
    monkeypatch.setattr(details_module, "monotonic", lambda: clock[0])
    with app.app_context():
        assert current_store().name == "Mkono"
        db.session.execute(
            text(
                "INSERT INTO store_settings (id, name, phone, whatsapp, email, tagline, about, address, logo,"
                " verification_threshold) VALUES (1, 'Another hand', '', '', '', '', '', '', '', 0)"
            )
        )
        db.session.commit()
        assert current_store().name == "Mkono"

        clock[0] += details_module.CACHE_SECONDS
        assert current_store().name == "Another hand"


@both_databases
def test_an_error_page_names_the_shop_with_the_table_away(app, shopper):
    with app.app_context():
        clear_store_cache()
        with db.engine.begin() as connection:
            connection.exec_driver_sql("DROP TABLE store_settings")

    reply = shopper.get("/nowhere")

    assert reply.status_code == 404
    assert "Mkono" in reply.text


def test_only_owners_open_the_settings(app, staff):
    token = hidden_fields(staff.get("/admin/").text)

    assert staff.get(PAGE).status_code == 403
    assert staff.post(PAGE, {**token, **ANSWERS}).status_code == 403
    with app.app_context():
        assert db.session.scalar(select(OutboxEmail.id)) is None
        assert current_store().name == "Mkono"
