"""The settings: every page and every email shows them."""

from datetime import date, timedelta
from email import message_from_bytes
from email.policy import default

import pytest
from sqlalchemy import text

from shop import create_app
from shop.core.clock import utcnow
from shop.core.database import db
from shop.emails.delivery import send_due
from shop.store import settings as store_settings
from shop.store.settings import clear_store_cache, current_store, store_settings_row
from tests import both_databases
from tests.page_checks import CANARY
from tests.product_factory import problems
from tests.shopper import hidden_fields

PAGE = "/admin/settings"
ANSWERS = {
    "name": "Duka la Nyumbani",
    "tagline": "Honey from Kitui",
    "phone": "0711 222 333",
    "whatsapp": "+254 722 333 444",
    "email": "duka@example.com",
    "address": "Stall 9, City Market",
    "about": "We keep bees.\r\n\r\nOpen every day.",
    "verification_threshold": "30,000",
}
THRESHOLD = "Verify payments from must be a whole number from KSh 1 to KSh 1,000,000"


def send(owner, **answers):
    return owner.post(PAGE, {**hidden_fields(owner.get(PAGE).text, PAGE), **ANSWERS, **answers})


def threshold(owner):
    """The verification threshold on the page and in the database."""
    owner.get(PAGE)
    with owner.app.app_context():
        stored = store_settings_row().verification_threshold
    return owner.page.find(".//input[@id='verification_threshold']").get("value"), stored


def sent_emails(app, tmp_path):
    with app.app_context():
        send_due(app.config["SETTINGS"], utcnow())
    files = sorted((tmp_path / "instance" / "mail").glob("*.eml"))
    return [message_from_bytes(file.read_bytes(), policy=default) for file in files]


def test_saved_settings_are_on_every_page_and_empty_ones_are_those_of_the_environment(owner, shopper, goods):
    before = shopper.get("/").headers["ETag"]
    assert send(owner).status_code == 303

    home = shopper.get("/", headers={"If-None-Match": before})
    assert home.status_code == 200
    assert shopper.page.findtext(".//title").startswith("Duka la Nyumbani –")
    for words in (
        "Honey from Kitui. You pay",
        "Stall 9, City Market",
        "tel:+254711222333",
        "https://wa.me/254722333444",
    ):
        assert words in home.text, words
    assert "mailto:duka@example.com" in home.text
    assert goods.acts()[-2:] == [
        "Changed the settings: name, tagline, phone, whatsapp, email, address, about",
        "Payments from KSh 30,000 need verification",
    ]

    assert send(owner, **dict.fromkeys(ANSWERS, "")).status_code == 303
    home = shopper.get("/").text
    assert "Mkono" in home and "tel:+254700000000" in home
    assert "About us" not in home
    assert shopper.get("/about").status_code == 404


def test_the_verification_threshold_is_whole_shillings_and_empty_means_none(owner, goods):
    assert threshold(owner)[0] == "20000"
    for typed, kept in (("5,000", 5000), (" 1 ", 1), ("1000000", 1_000_000), ("", 0), ("30,000", 30_000)):
        assert send(owner, verification_threshold=typed).status_code == 303
        assert threshold(owner) == (str(kept or ""), kept)
    assert "Payments need no verification" in goods.acts()

    for typed in ("0", "-1", "abc", "1e3", "5.50", "1_000", "+5", "1000001", "9" * 10, "9" * 400, CANARY):
        refused = send(owner, verification_threshold=typed)
        assert (refused.status_code, problems(refused)) == (422, [THRESHOLD]), typed
    assert threshold(owner) == ("30000", 30_000)


def test_the_about_page_is_linked_in_every_process_once_written_and_any_cache_may_keep_it(owner, shopper, settings):
    other = create_app(settings).test_client()
    assert shopper.get("/about").status_code == other.get("/about").status_code == 404
    send(owner, about=f"We keep bees {CANARY}.\n\nOpen every day.")

    assert "We keep bees" in other.get("/about").text
    assert "/about" in shopper.get("/").text
    page = shopper.get("/about")
    assert page.headers["Cache-Control"].startswith("public")
    assert "Cookie" not in page.headers.get("Vary", "") and "Set-Cookie" not in page.headers
    assert [p.text for p in shopper.page.findall(".//div[@class='stack about']/p")] == [
        f"We keep bees {CANARY}.",
        "Open every day.",
    ]
    assert shopper.get("/about", headers={"If-None-Match": page.headers["ETag"]}).status_code == 304


def test_emails_come_from_the_shop_by_its_name_and_new_orders_go_to_its_address(app, owner, shopper, tmp_path):
    send(owner)
    order = shopper.buy()
    order.post_callback(order.callback())

    emails = sent_emails(app, tmp_path)

    receipt = next(email for email in emails if "Receipt" in email["Subject"])
    assert receipt["From"].addresses[0].display_name == "Duka la Nyumbani"
    assert receipt["Reply-To"] == "duka@example.com"
    assert "Duka la Nyumbani" in receipt.get_content()
    assert next(email for email in emails if "New paid order" in email["Subject"])["To"] == "duka@example.com"


@pytest.mark.parametrize(
    "name",
    [
        *("Evil\r\nBcc: victim@example.com", "Evil\x0bBcc: victim@example.com", "Evil\u2028Bcc: victim@example.com"),
        *(
            '"><victim@example.com>, "x',
            "Duka 😀 ya Mjini",
            '\\\\"quoted\\',
            "victim@example.com",
            "=?utf-8?q?Bcc=3A?=",
        ),
    ],
)
def test_a_name_adds_nothing_to_the_headers_of_an_email(app, owner, shopper, tmp_path, name):
    assert send(owner, name=name).status_code == 303
    shopper.buy()

    email = sent_emails(app, tmp_path)[0]

    assert [address.addr_spec for address in email["From"].addresses] == ["shop@localhost.localdomain"]
    assert not {"bcc", "cc"} & {key.lower() for key in email}
    assert email["To"] == "buyer@example.com"


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
def test_a_wrong_answer_is_explained_and_nothing_typed_is_lost(owner, shopper, answers, words):
    refused = send(owner, **answers)

    assert refused.status_code == 422
    assert words in "".join(problems(refused))
    assert owner.page.find(".//input[@id='tagline']").get("value") == "Honey from Kitui"
    assert "Honey from Kitui" not in shopper.get("/").text


def test_another_process_shows_new_settings_within_seconds(app, monkeypatch):
    clock = [1000.0]
    monkeypatch.setattr(store_settings, "monotonic", lambda: clock[0])
    with app.app_context():
        assert current_store().name == "Mkono"
        db.session.execute(text("UPDATE store_settings SET name = 'Another hand'"))
        db.session.commit()
        assert current_store().name == "Mkono"

        clock[0] += store_settings.CACHE_SECONDS
        assert current_store().name == "Another hand"


@both_databases
def test_an_error_page_names_the_shop_without_the_table_of_settings(app, shopper):
    with app.app_context():
        clear_store_cache()
        with db.engine.begin() as connection:
            connection.exec_driver_sql("DROP TABLE store_settings")

    reply = shopper.get("/nowhere")

    assert (reply.status_code, "Mkono" in reply.text) == (404, True)


def test_what_buyers_should_know_now_is_on_every_page(owner, shopper):
    until = (utcnow() + timedelta(days=3)).date()
    more = {"announcement": "Free socks this week", "closed_until": until.isoformat(), "hours": "Mon to Sat, 9 to 6"}
    assert send(owner, **more, kra_pin="a012345678b", tiktok="https://tiktok.example/@duka").status_code == 303

    for address in ("/", "/cart", "/products/teapot"):
        page = shopper.get(address).text
        assert "Free socks this week" in page and "Mon to Sat, 9 to 6" in page
        assert f"We are closed until {until:%a %-d %b}." in page
        assert 'href="https://tiktok.example/@duka"' in page
    assert 'value="A012345678B"' in owner.get(PAGE).text


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("kra_pin", "12345", "KRA PIN must be a letter, nine digits and a letter"),
        ("facebook", "javascript:alert(1)", "Facebook must be the full address of your page"),
        ("closed_until", "tomorrow", "Closed until must be a day"),
        ("announcement", "x" * 161, "Announcement must be 160 characters or fewer"),
    ],
)
def test_wrong_contacts_are_refused_in_words_and_kept(owner, field, value, words):
    refused = send(owner, **{field: value})

    assert refused.status_code == 422
    assert words in refused.text and f'value="{value}"' in refused.text


def test_closed_days_are_read_in_two_spellings_and_kept_in_order(app, owner):
    assert send(owner, closed_days="26 december 2026\n\n2026-12-25\n25 Dec 2026").status_code == 303

    with app.app_context():
        assert store_settings_row().closed_days == "2026-12-25 2026-12-26"
        assert current_store().closed_days.days == {date(2026, 12, 25), date(2026, 12, 26)}
    assert "25 Dec 2026\n26 Dec 2026</textarea>" in owner.get(PAGE).text


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        (
            "25 Dec 2026\n31 Feb 2027",
            "Closed days: “31 Feb 2027” is not one day. Write each",
        ),
        ("\n".join(f"2026-{month:02}-{day:02}" for month in range(1, 5) for day in range(1, 27)), "100 or fewer"),
    ],
)
def test_a_wrong_closed_day_is_named_and_nothing_typed_is_lost(owner, typed, words):
    refused = send(owner, closed_days=typed)

    assert refused.status_code == 422
    assert words in refused.text and f"{typed}</textarea>" in refused.text
