"""From a password to a code, and from an invitation to a place at the desk, in a browser."""

import re
import time
from base64 import b32decode
from collections.abc import Callable

import pytest
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP
from playwright.sync_api import expect

from tests.journeys.running import RunningShop
from tests.journeys.test_access import SMALL_TARGETS, serious_findings
from tests.journeys.visitor import Visitor

STEP = 30  # seconds a code is shown
CHOSEN = "kettle bicycle mango thunder"
SIZES = ["phone", "desk"]


def code_of(secret: str, used: str = "") -> str:
    """What a phone shows now, or next if that was used already: the shop takes codes half a minute early."""
    totp = TOTP(b32decode(secret.replace(" ", "")), 6, SHA1(), STEP)
    codes = [totp.generate(time.time() + later).decode() for later in (0, STEP)]
    return next(code for code in codes if code != used)


def sign_in(visitor: Visitor, email: str, password: str = CHOSEN) -> None:
    """Fill in the sign-in page, and no more."""
    visitor.open("/admin/sign-in")
    visitor.page.get_by_label("E-mail").fill(email)
    visitor.page.get_by_label("Password").fill(password)
    visitor.page.get_by_role("button", name="Sign in").click()


def give_code(visitor: Visitor, code: str) -> None:
    """Fill in the code, whatever page asks for it, and press its button."""
    visitor.page.get_by_label("Code", exact=True).fill(code)
    visitor.page.locator("main form button").first.click()


def invite(owner: Visitor, guest: Visitor, email: str, role: str) -> None:
    """From the owner's page over the mail to the guest's name and password."""
    owner.open("/admin/people").get_by_role("link", name="Invite somebody").click()
    owner.page.get_by_label("E-mail").fill(email)
    owner.page.get_by_label(role).check()
    owner.page.get_by_role("button", name="Send invitation").click()
    owner.sees(f"The invitation to {email} is on its way")
    mail = owner.shop.mail_with(f"To: {email}", "invites you")
    guest.page.goto(re.search(rf"{owner.shop.url}/admin/sign-in/invited/\S+", mail.replace("=\n", ""))[0])
    guest.page.get_by_label("Your name").fill("Njeri Test")
    guest.page.get_by_label("New password").fill(CHOSEN)
    guest.page.get_by_role("button", name="Join").click()
    guest.sees("Welcome, Njeri Test.")


@pytest.mark.parametrize("size", SIZES)
def test_an_owner_sets_codes_up_and_signs_in_with_one_and_without_the_phone(
    comes: Callable[..., Visitor], shop: RunningShop, size: str
):
    owner, guest, email = comes(size), comes(size), f"owner-{size}@example.com"
    owner.sign_in()
    invite(owner, guest, email, "Owner")
    page = guest.page
    sign_in(guest, email)
    guest.go_to("Account")
    page.get_by_role("link", name="Set up codes").click()
    picture = page.get_by_role("img", name="picture for a phone")
    expect(picture).to_be_visible()
    assert picture.evaluate("picture => picture.naturalWidth") > 100
    secret = page.locator(".set-up__secret").inner_text()
    used = code_of(secret)
    give_code(guest, used)
    guest.sees_heading("Your recovery codes")
    recovery = page.locator(".recovery-codes code").all_inner_texts()
    assert len(recovery) == 10

    page.get_by_role("button", name="Sign out").click()
    sign_in(guest, email)
    guest.sees_heading("Your code")
    give_code(guest, code_of(secret, used))
    guest.sees_heading("Orders")
    page.get_by_role("button", name="Sign out").click()
    sign_in(guest, email)
    guest.expected.add(422)
    give_code(guest, "000000")
    expect(page.get_by_role("alert")).to_be_focused()
    page.get_by_text("I don’t have my phone").click()
    guest.sees("Enter one of your recovery codes")
    give_code(guest, recovery[3])
    guest.sees_heading("Orders")
    guest.sees("You have 9 left")


@pytest.mark.parametrize("size", SIZES)
def test_staff_who_are_invited_see_the_orders_and_nothing_of_the_owners(comes: Callable[..., Visitor], size: str):
    owner, guest, email = comes(size), comes(size), f"staff-{size}@example.com"
    owner.sign_in()
    invite(owner, guest, email, "Staff")
    sign_in(guest, email)
    guest.sees_heading("Orders")
    ways = guest.rooms()

    expect(ways.get_by_role("link", name="Orders")).to_be_visible()
    for room in ("Reports", "People", "Settings", "Selling"):
        expect(ways.get_by_role("link", name=room)).to_have_count(0)
    guest.expected.add(403)
    guest.open("/admin/people")
    guest.sees_heading("Only an owner may do that")

    owner.open("/admin/people").get_by_role("row", name=email).get_by_role("link").click()
    owner.page.get_by_role("button", name="Remove Njeri Test").click()
    owner.sees("Njeri Test is removed and signed out everywhere")
    guest.open("/admin/")
    guest.sees_heading("Sign in")


def test_a_forgotten_password_is_made_anew_by_mail(comes: Callable[..., Visitor]):
    owner, guest, email = comes("desk"), comes("phone"), "forgetful@example.com"
    owner.sign_in()
    invite(owner, guest, email, "Staff")
    guest.open("/admin/sign-in").get_by_role("link", name="Forgotten your password?").click()
    guest.page.get_by_label("E-mail").fill(email)
    guest.page.get_by_role("button", name="Mail me the link").click()
    guest.sees("a link is on its way")
    mail = guest.shop.mail_with(f"To: {email}", "asked for a new password")
    guest.page.goto(re.search(rf"{guest.shop.url}/admin/sign-in/password/\S+", mail.replace("=\n", ""))[0])
    guest.page.get_by_label("New password").fill("lantern river button seven")
    guest.page.get_by_role("button", name="Keep this password").click()
    sign_in(guest, email, "lantern river button seven")

    guest.sees_heading("Orders")


@pytest.mark.parametrize("size", SIZES)
def test_nothing_on_the_pages_about_people_stands_in_anybodys_way(comes: Callable[..., Visitor], size: str):
    owner, guest = comes(size, reduced_motion="reduce"), comes(size, reduced_motion="reduce")
    email = f"careful-{size}@example.com"
    found: dict[str, list[str]] = {}

    def look(visitor: Visitor, name: str) -> None:
        found[name] = serious_findings(visitor.page) + visitor.page.evaluate(SMALL_TARGETS)

    owner.open("/admin/sign-in/forgotten")
    look(owner, "forgotten")
    owner.sign_in()
    invite(owner, guest, email, "Owner")
    owner.expected.add(422)
    for name, path in (("people", "/admin/people"), ("log", "/admin/people/log"), ("account", "/admin/me")):
        owner.open(path)
        look(owner, name)
    owner.open("/admin/people/invite").get_by_role("button", name="Send invitation").click()
    look(owner, "invite, with what is missing")
    owner.open("/admin/people").get_by_role("row", name=email).get_by_role("link").click()
    look(owner, "person")
    sign_in(guest, email)
    guest.open("/admin/me/codes")
    look(guest, "set up")
    give_code(guest, code_of(guest.page.locator(".set-up__secret").inner_text()))
    look(guest, "recovery codes")
    guest.open("/admin/me/codes")
    look(guest, "codes")
    guest.open("/admin/confirm")
    look(guest, "confirm")
    guest.page.get_by_role("button", name="Sign out").click()
    sign_in(guest, email)
    guest.page.get_by_text("I don’t have my phone").click()
    look(guest, "code")

    assert {name: findings for name, findings in found.items() if findings} == {}
