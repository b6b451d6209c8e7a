"""Coming to the admin: by an invitation, a password, a code from a phone."""

import re
import time
from base64 import b32decode

from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP

from tests.journeys.visitor import Visitor

STEP = 30  # seconds a code is shown
CHOSEN = "kettle bicycle mango thunder"


def code_of(secret: str, used: str = "") -> str:
    """What a phone shows now, or next if that was used already: the shop takes codes half a minute early."""
    totp = TOTP(b32decode(secret.replace(" ", "")), 6, SHA1(), STEP)
    codes = [totp.generate(time.time() + later).decode() for later in (0, STEP)]
    return next(code for code in codes if code != used)


def sign_in(visitor: Visitor, email: str, password: str = CHOSEN) -> None:
    """Fill in the sign-in page, and no more."""
    visitor.open("/admin/sign-in")
    visitor.page.get_by_label("Email").fill(email)
    visitor.page.get_by_label("Password").fill(password)
    visitor.press("Sign in")


def give_code(visitor: Visitor, code: str) -> None:
    """Fill in the code, whatever page asks for it, and press its button."""
    visitor.page.get_by_label("Code", exact=True).fill(code)
    visitor.page.locator("main form button").first.click()


def mailed_link(visitor: Visitor, email: str, words: str, path: str) -> str:
    """The link below this path in the mail that says so."""
    mail = visitor.shop.mail_with(f"To: {email}", words).replace("=\n", "")
    found = re.search(rf"{visitor.shop.url}{path}/\S+", mail)
    assert found, mail
    return found[0]


def send_invitation(owner: Visitor, email: str, role: str) -> str:
    """From the owner's page to the link in the guest's mail."""
    owner.open("/admin/people/invite")
    owner.page.get_by_label("Email").fill(email)
    owner.page.get_by_label(role).check()
    owner.press("Send invitation")
    owner.sees(f"The invitation to {email} is on its way")
    return mailed_link(owner, email, "invites you", "/admin/sign-in/invited")


def accept(guest: Visitor, invitation: str) -> None:
    """From the link in the mail to a name and a password."""
    guest.page.goto(invitation)
    guest.page.get_by_label("Your name").fill("Njeri Test")
    guest.page.get_by_label("New password").fill(CHOSEN)
    guest.press("Accept invitation")
    guest.sees("Welcome, Njeri Test.")


def invite(owner: Visitor, guest: Visitor, email: str, role: str) -> None:
    """From the owner's page to the guest's place in the admin."""
    accept(guest, send_invitation(owner, email, role))
