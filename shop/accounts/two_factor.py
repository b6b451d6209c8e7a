"""Two-factor codes from an authenticator app (TOTP, RFC 6238), and recovery codes for a lost phone.

A code works once. Wrong codes are counted per user, whatever address they come from and whichever page asks.
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
STEP = 30  # seconds
DIGITS = 6
RECOVERY_CODES = 10
MAX_CODE_LENGTH = 60  # characters, with blanks and hyphens
LIMITS = ((5, timedelta(minutes=5)), (20, timedelta(hours=1)))  # wrong codes per user
WRONG_CODE = "That code is not right. Each code works once: wait for the next one"
Proof = Literal["app", "recovery", ""]
PURPOSE: Purpose = "two-factor secret"


@dataclass
class TooManyCodes(Exception):
    """Too many wrong codes for this user: the code was not checked. The next try is allowed in `seconds`."""

    seconds: int


def new_secret() -> str:
    """A random secret, as hexadecimal digits."""
    return token_bytes(20).hex()


def setup_key(secret: str) -> str:
    """The secret as it is typed into an authenticator app: base 32, in groups of four."""
    letters = b32encode(bytes.fromhex(secret)).decode()
    return " ".join(letters[start : start + 4] for start in range(0, len(letters), 4))


def provisioning_uri(secret: str, email: str, shop_name: str) -> str:
    """The otpauth:// address in the QR code."""
    return _app(secret).get_provisioning_uri(email, shop_name)


def matching_step(secret: str, typed: str) -> int | None:
    """The step of this code: the current one, the one before or the one after; None if it is none of them."""
    code = cleaned(typed)
    now = int(utcnow().timestamp()) // STEP
    for step in (now, now - 1, now + 1):
        try:
            _app(secret).verify(code.encode(), step * STEP)  # compares in constant time
        except InvalidToken:
            continue
        return step
    return None


def cleaned(typed: str) -> str:
    """A code without blanks and hyphens."""
    return "".join(character for character in typed[:MAX_CODE_LENGTH].lower() if character not in " -\u2013\u00a0\t")


def turn_on(user_id: int, secret: str, step: int) -> list[str]:
    """Turn two-factor codes on; the recovery codes. Runs in the caller's transaction.

    `step` is the step of the code that completed the set-up: that code does not work again.
    """
    turn_off(user_id)
    encrypted = encryptor(PURPOSE).encrypt(secret, user_id)
    db.session.add(TwoFactor(user_id=user_id, secret=encrypted, last_step=step, since=utcnow()))
    return new_recovery_codes(user_id)


def turn_off(user_id: int) -> bool:
    """Turn two-factor codes off; False if they were off. Runs in the caller's transaction."""
    db.session.execute(delete(RecoveryCode).where(RecoveryCode.user_id == user_id))
    db.session.execute(delete(TwoFactorTry).where(TwoFactorTry.user_id == user_id))
    deleted = delete(TwoFactor).where(TwoFactor.user_id == user_id).returning(TwoFactor.user_id)
    return db.session.scalar(deleted) is not None


def new_recovery_codes(user_id: int) -> list[str]:
    """Replace the recovery codes. Runs in the caller's transaction."""
    db.session.execute(delete(RecoveryCode).where(RecoveryCode.user_id == user_id))
    codes = [new_code() for _ in range(RECOVERY_CODES)]
    db.session.add_all(RecoveryCode(user_id=user_id, code_hash=hashed(cleaned(code))) for code in codes)
    return codes


def has_two_factor(user_id: int) -> bool:
    """Whether two-factor codes are on."""
    return db.session.get(TwoFactor, user_id) is not None


def recovery_codes_left(user_id: int) -> int:
    """The number of unused recovery codes."""
    left = select(func.count()).select_from(RecoveryCode).where(RecoveryCode.user_id == user_id)
    return db.session.scalar(left) or 0


def check_code(user_id: int, typed: str) -> Proof:
    """Check and use up a code: "app" for a two-factor code, "recovery" for a recovery code, "" if it is wrong.

    Raises TooManyCodes.
    """

    def check() -> Proof:
        # lock the row: tries for one user are checked one after the other
        lock = update(TwoFactor).where(TwoFactor.user_id == user_id).values(last_step=TwoFactor.last_step)
        if not updated(lock):
            return ""
        _limit_tries(user_id)
        proof = _proof(user_id, typed)
        if proof:
            db.session.execute(delete(TwoFactorTry).where(TwoFactorTry.user_id == user_id))
        else:
            db.session.add(TwoFactorTry(user_id=user_id, at=utcnow()))
        return proof

    return write(check)


def _proof(user_id: int, typed: str) -> Proof:
    code = cleaned(typed)
    if len(code) != DIGITS:
        use = delete(RecoveryCode).where(RecoveryCode.user_id == user_id, RecoveryCode.code_hash == hashed(code))
        return "recovery" if db.session.scalar(use.returning(RecoveryCode.code_hash)) else ""
    row, cipher = db.session.get_one(TwoFactor, user_id), encryptor(PURPOSE)
    try:
        secret = cipher.decrypt(row.secret, user_id)
    except DecryptionError:
        log.error(
            "a two-factor secret cannot be read: SECRET_KEY changed, and the old one is not in SECRET_KEY_FALLBACKS"
        )
        return ""
    step = matching_step(secret, code)
    if step is None:
        return ""
    unused = update(TwoFactor).where(TwoFactor.user_id == user_id, TwoFactor.last_step < step)
    values: dict[str, Any] = {"last_step": step}
    if cipher.needs_old_key(row.secret):  # encrypt it again, so that the old key can be removed
        values["secret"] = cipher.encrypt(secret, user_id)
    return "app" if updated(unused.values(values)) else ""


def _limit_tries(user_id: int) -> None:
    now = utcnow()
    longest = max(window for _, window in LIMITS)
    db.session.execute(delete(TwoFactorTry).where(TwoFactorTry.user_id == user_id, TwoFactorTry.at <= now - longest))
    newest = select(TwoFactorTry.at).where(TwoFactorTry.user_id == user_id).order_by(TwoFactorTry.at.desc())
    tries = db.session.scalars(newest).all()
    for limit, window in LIMITS:
        recent = [at for at in tries if at > now - window]
        if len(recent) >= limit:
            raise TooManyCodes(max(1, int((recent[limit - 1] + window - now).total_seconds())))


def _app(secret: str) -> TOTP:
    return TOTP(bytes.fromhex(secret), DIGITS, SHA1(), STEP)  # noqa: S303 - what every authenticator app speaks  # nosec B303
