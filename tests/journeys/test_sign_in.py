"""Two-factor codes and invitations to the admin."""

import pytest
from playwright.sync_api import expect

from tests.journeys.sign_in_steps import accept_invitation, code_of, send_code, send_invitation, sign_in

SIZES = pytest.mark.parametrize("size", ["phone", "laptop"])


@pytest.mark.smoke
@SIZES
def test_an_owner_sets_up_two_factor_codes_and_signs_in_with_one_and_with_a_recovery_code(new_user, size):
    owner, guest, email = new_user(size), new_user(size), f"owner-{size}@example.com"
    owner.sign_in()
    accept_invitation(guest, send_invitation(owner, email, "Owner"))
    page = guest.page
    sign_in(guest, email)
    guest.go_to("Account")
    page.get_by_role("link", name="Set up two-factor codes").click()
    image = page.get_by_role("img", name="QR code")
    expect(image).to_be_visible()
    assert image.evaluate("image => image.decode().then(() => image.naturalWidth)") > 100
    secret = page.locator(".two-factor-setup__secret").inner_text()
    used = code_of(secret)
    send_code(guest, used)
    guest.sees_heading("Your recovery codes")
    recovery_codes = page.locator(".recovery-codes code")
    expect(recovery_codes).to_have_count(10)
    recovery = recovery_codes.all_inner_texts()

    guest.press("Sign out")
    sign_in(guest, email)
    guest.sees_heading("Two-factor code")
    send_code(guest, code_of(secret, used))
    guest.sees_heading("Orders")
    guest.press("Sign out")
    sign_in(guest, email)
    guest.expected_statuses.add(422)
    send_code(guest, "000000")
    expect(page.get_by_role("alert")).to_be_focused()
    page.get_by_text("I don’t have my phone").click()
    guest.sees("Enter one of your recovery codes")
    send_code(guest, recovery[3])
    guest.sees_heading("Orders")
    guest.sees("You have 9 left")


@SIZES
def test_invited_staff_see_the_orders_and_none_of_the_pages_of_owners(new_user, size):
    owner, guest, email = new_user(size), new_user(size), f"staff-{size}@example.com"
    owner.sign_in()
    accept_invitation(guest, send_invitation(owner, email, "Staff"))
    sign_in(guest, email)
    guest.sees_heading("Orders")
    navigation = guest.navigation()

    expect(navigation.get_by_role("link", name="Orders")).to_be_visible()
    for name in ("Reports", "Users", "Settings", "Discounts and delivery"):
        expect(navigation.get_by_role("link", name=name)).to_have_count(0)
    guest.expected_statuses.add(403)
    guest.open("/admin/users")
    guest.sees_heading("Only an owner may do that")

    owner.open("/admin/users").get_by_role("row", name=email).get_by_role("link").click()
    owner.press("Remove Njeri Test")
    owner.sees_heading("Remove Njeri Test?")
    owner.press("Remove Njeri Test")
    owner.sees("Njeri Test is removed and signed out everywhere")
    guest.open("/admin/")
    guest.sees_heading("Sign in")
