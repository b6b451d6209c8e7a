"""Signing in to the admin: by an invitation, a password, a code from a phone."""

import re
import time
from base64 import b32decode

from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP

from tests.journeys.browser_user import BrowserUser

STEP = 30  # seconds a code is shown
CHOSEN = "kettle bicycle mango thunder"  # by an invited user


def code_of(secret: str, used: str = "") -> str:
    """The two-factor code of now, or the next one if that was used already: the shop takes codes a step early."""
    totp = TOTP(b32decode(secret.replace(" ", "")), 6, SHA1(), STEP)
    codes = [totp.generate(time.time() + later).decode() for later in (0, STEP)]
    return next(code for code in codes if code != used)


def sign_in(user: BrowserUser, email: str, password: str = CHOSEN) -> None:
    """Send the sign-in form."""
    user.open("/admin/sign-in")
    user.page.get_by_label("Email").fill(email)
    user.page.get_by_label("Password").fill(password)
    user.press("Sign in")


def send_code(user: BrowserUser, code: str) -> None:
    """Send the form that asks for a code."""
    user.page.get_by_label("Code", exact=True).fill(code)
    user.page.locator("main form button").first.click()


def emailed_link(user: BrowserUser, email: str, words: str, path: str) -> str:
    """The link below this path in the email to this address with these words."""
    text = user.shop.email_with(f"To: {email}", words)
    found = re.search(rf"{user.shop.url}{path}/\S+", text)
    assert found, text
    return found[0]


def send_invitation(owner: BrowserUser, email: str, role: str) -> str:
    """Invite a user; returns the link of the email."""
    owner.open("/admin/users/invite")
    owner.page.get_by_label("Email").fill(email)
    owner.page.get_by_label(role).check()
    owner.press("Send invitation")
    owner.sees(f"The invitation to {email} is on its way")
    return emailed_link(owner, email, "invites you", "/admin/sign-in/invited")


def accept_invitation(guest: BrowserUser, link: str) -> None:
    """Choose a name and a password."""
    guest.page.goto(link)
    guest.page.get_by_label("Your name").fill("Njeri Test")
    guest.page.get_by_label("New password").fill(CHOSEN)
    guest.press("Accept invitation")
    guest.sees("Welcome, Njeri Test.")
