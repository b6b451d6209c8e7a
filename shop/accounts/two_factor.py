"""The second factor: codes from an app on the merchant's phone (TOTP, RFC 6238), and recovery codes for who lost it.

A code works once. Tries are counted for each person, whatever address they come from and whichever page asks.
"""

import logging
from base64 import b32encode
from dataclasses import dataclass
from datetime import timedelta
from secrets import token_bytes
from typing import Any, Literal

from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor import InvalidToken
from cryptography.hazmat.primitives.twofactor.totp import TOTP
from sqlalchemy import delete, func, select, update

from shop.accounts.models import RecoveryCode, TwoFactor, TwoFactorTry
from shop.accounts.one_time_links import hashed, new_code
from shop.core.clock import utcnow
from shop.core.database import db, updated, write
from shop.core.encryption import DecryptionError, Purpose, encryptor

log = logging.getLogger(__name__)
STEP = 30  # seconds a code is shown
DIGITS = 6
RECOVERY_CODES = 10
LONGEST_CODE = 60  # characters anybody could mean as a code
LIMITS = ((5, timedelta(minutes=5)), (20, timedelta(hours=1)))  # wrong codes for each person
Proof = Literal["app", "recovery", ""]
PURPOSE: Purpose = "two-factor secret"


@dataclass
class TooManyCodes(Exception):
    """Nothing was looked at: too many wrong codes were tried for this person. The next may come after `seconds`."""

    seconds: int


def new_secret() -> str:
    """A secret for a phone, as hexadecimal digits."""
    return token_bytes(20).hex()


def for_typing(secret: str) -> str:
    """The secret as an authenticator app takes it where there is no camera: base 32, in groups of four."""
    letters = b32encode(bytes.fromhex(secret)).decode()
    return " ".join(letters[start : start + 4] for start in range(0, len(letters), 4))


def address_for(secret: str, email: str, shop_name: str) -> str:
    """What the image for the phone's camera says (otpauth://...)."""
    return _app(secret).get_provisioning_uri(email, shop_name)


def right_step(secret: str, typed: str) -> int | None:
    """The step whose code was typed: the present one, the one before, or the one after. None if it is none of them."""
    code = tidy(typed)
    now = int(utcnow().timestamp()) // STEP
    for step in (now, now - 1, now + 1):
        try:
            _app(secret).verify(code.encode(), step * STEP)  # compares in constant time
        except InvalidToken:
            continue
        return step
    return None


def tidy(typed: str) -> str:
    """A code without the blanks and hyphens people type."""
    return "".join(character for character in typed[:LONGEST_CODE].lower() if character not in " -\u2013\u00a0\t")


def turn_on(user_id: int, secret: str, step: int) -> list[str]:
    """Ask this merchant for codes from now on; the recovery codes. Runs inside the caller's transaction.

    `step` is the one whose code proved that the phone is set up: it does not sign in any more.
    """
    turn_off(user_id)
    sealed = encryptor(PURPOSE).encrypt(secret, user_id)
    row = TwoFactor(user_id=user_id, secret=sealed, last_step=step, since=utcnow())
    db.session.add(row)
    return fresh_recovery_codes(user_id)


def turn_off(user_id: int) -> bool:
    """Ask for no codes any more; False if none were asked for. Runs inside the caller's transaction."""
    db.session.execute(delete(RecoveryCode).where(RecoveryCode.user_id == user_id))
    db.session.execute(delete(TwoFactorTry).where(TwoFactorTry.user_id == user_id))
    gone = delete(TwoFactor).where(TwoFactor.user_id == user_id).returning(TwoFactor.user_id)
    return db.session.scalar(gone) is not None


def fresh_recovery_codes(user_id: int) -> list[str]:
    """Ten new ones; older ones are worth nothing now. Runs inside the caller's transaction."""
    db.session.execute(delete(RecoveryCode).where(RecoveryCode.user_id == user_id))
    codes = [new_code() for _ in range(RECOVERY_CODES)]
    db.session.add_all(RecoveryCode(user_id=user_id, code_hash=hashed(tidy(code))) for code in codes)
    return codes


def asks_for_codes(user_id: int) -> bool:
    """Whether this merchant has a phone set up."""
    return db.session.get(TwoFactor, user_id) is not None


def recovery_codes_left(user_id: int) -> int:
    """How many have not been used."""
    left = select(func.count()).select_from(RecoveryCode).where(RecoveryCode.user_id == user_id)
    return db.session.scalar(left) or 0


def check_code(user_id: int, typed: str) -> Proof:
    """Whether this merchant's phone shows this code now, or it is one of their recovery codes; "" if neither.

    A right code is used up by this. Raises TooManyCodes.
    """

    def look() -> Proof:
        # whoever tries a code for the same person at the same moment waits here
        mine = update(TwoFactor).where(TwoFactor.user_id == user_id)
        if not updated(mine.values(last_step=TwoFactor.last_step)):
            return ""
        _hold_back(user_id)
        proof = _proof(user_id, typed)
        if proof:
            db.session.execute(delete(TwoFactorTry).where(TwoFactorTry.user_id == user_id))
        else:
            db.session.add(TwoFactorTry(user_id=user_id, at=utcnow()))
        return proof

    return write(look)


def _proof(user_id: int, typed: str) -> Proof:
    code = tidy(typed)
    if len(code) != DIGITS:
        mine = delete(RecoveryCode).where(RecoveryCode.user_id == user_id)
        used = db.session.scalar(mine.where(RecoveryCode.code_hash == hashed(code)).returning(RecoveryCode.code_hash))
        return "recovery" if used else ""
    row, safe = db.session.get_one(TwoFactor, user_id), encryptor(PURPOSE)
    try:
        secret = safe.decrypt(row.secret, user_id)
    except DecryptionError:
        log.error("a second factor cannot be read: SECRET_KEY changed, and the old one is not in SECRET_KEY_FALLBACKS")
        return ""
    step = right_step(secret, code)
    if step is None:
        return ""
    newer = update(TwoFactor).where(TwoFactor.user_id == user_id, TwoFactor.last_step < step)
    values: dict[str, Any] = {"last_step": step}
    if safe.needs_old_key(row.secret):  # so that the old key can be taken away and no user is locked out
        values["secret"] = safe.encrypt(secret, user_id)
    return "app" if updated(newer.values(values)) else ""


def _hold_back(user_id: int) -> None:
    now = utcnow()
    longest = max(window for _, window in LIMITS)
    db.session.execute(delete(TwoFactorTry).where(TwoFactorTry.user_id == user_id, TwoFactorTry.at <= now - longest))
    newest = select(TwoFactorTry.at).where(TwoFactorTry.user_id == user_id).order_by(TwoFactorTry.at.desc())
    tried = db.session.scalars(newest).all()
    for most, window in LIMITS:
        within = [moment for moment in tried if moment > now - window]
        if len(within) >= most:
            raise TooManyCodes(max(1, int((within[most - 1] + window - now).total_seconds())))


def _app(secret: str) -> TOTP:
    return TOTP(bytes.fromhex(secret), DIGITS, SHA1(), STEP)  # noqa: S303 - what every authenticator app speaks  # nosec B303
