"""From a password to a code, and from an invitation to a place in the admin, in a browser."""

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.journeys.invite_flow import code_of, give_code, invite, mailed_link, sign_in
from tests.journeys.visitor import Visitor

SIZES = ["phone", "laptop"]


@pytest.mark.smoke
@pytest.mark.parametrize("size", SIZES)
def test_an_owner_sets_codes_up_and_signs_in_with_one_and_without_the_phone(comes: Callable[..., Visitor], size: str):
    owner, guest, email = comes(size), comes(size), f"owner-{size}@example.com"
    owner.sign_in()
    invite(owner, guest, email, "Owner")
    page = guest.page
    sign_in(guest, email)
    guest.go_to("Account")
    page.get_by_role("link", name="Set up two-factor codes").click()
    image = page.get_by_role("img", name="QR code")
    expect(image).to_be_visible()
    assert image.evaluate("image => image.decode().then(() => image.naturalWidth)") > 100
    secret = page.locator(".two-factor-setup__secret").inner_text()
    used = code_of(secret)
    give_code(guest, used)
    guest.sees_heading("Your recovery codes")
    recovery_codes = page.locator(".recovery-codes code")
    expect(recovery_codes).to_have_count(10)
    recovery = recovery_codes.all_inner_texts()

    page.get_by_role("button", name="Sign out").click()
    sign_in(guest, email)
    guest.sees_heading("Two-factor code")
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
    for room in ("Reports", "Users", "Settings", "Discounts"):
        expect(ways.get_by_role("link", name=room)).to_have_count(0)
    guest.expected.add(403)
    guest.open("/admin/people")
    guest.sees_heading("Only an owner may do that")

    owner.open("/admin/people").get_by_role("row", name=email).get_by_role("link").click()
    owner.page.get_by_role("button", name="Remove Njeri Test").click()
    owner.sees_heading("Remove Njeri Test?")
    owner.page.get_by_role("button", name="Remove Njeri Test").click()
    owner.sees("Njeri Test is removed and signed out everywhere")
    guest.open("/admin/")
    guest.sees_heading("Sign in")


def test_a_forgotten_password_is_made_anew_by_mail(comes: Callable[..., Visitor]):
    owner, guest, email = comes("laptop"), comes("phone"), "forgetful@example.com"
    owner.sign_in()
    invite(owner, guest, email, "Staff")
    guest.open("/admin/sign-in").get_by_role("link", name="Forgotten your password?").click()
    guest.page.get_by_label("Email").fill(email)
    guest.page.get_by_role("button", name="Email me the link").click()
    guest.sees("a link is on its way")
    guest.page.goto(mailed_link(guest, email, "request for a new password", "/admin/sign-in/password"))
    guest.page.get_by_label("New password").fill("lantern river button seven")
    guest.page.get_by_role("button", name="Save password").click()
    sign_in(guest, email, "lantern river button seven")

    guest.sees_heading("Orders")
