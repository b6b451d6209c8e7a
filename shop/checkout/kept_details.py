"""A buyer's details kept on the buyer's phone, by choice: an encrypted cookie that fills in the next checkout.

Only pages below the checkout's address get the cookie, and no script can read it.
"""

import json
from collections.abc import Mapping
from datetime import timedelta

from flask import current_app, request, url_for
from werkzeug.wrappers import Response

from shop.config import Settings
from shop.core.encryption import DecryptionError, encryptor

FIELDS = ("full_name", "phone_number", "email", "location")  # of the checkout form
KEPT_FOR = timedelta(days=365)
MAX_LENGTH = 3800  # characters of the cookie: browsers refuse more than 4096 with its name and attributes
ROW = "buyer"  # every cookie belongs to the buyer who sends it


def kept_details() -> dict[str, str]:
    """The details of the cookie by field; empty without one, or when it was kept too long ago or with an old key."""
    sealed = request.cookies.get(_cookie_name(), "")
    try:
        kept = encryptor("kept details").decrypt(sealed, ROW, int(KEPT_FOR.total_seconds()))
    except DecryptionError:
        return {}
    return dict(json.loads(kept))


def keep_details(response: Response, answers: Mapping[str, str]) -> None:
    """Keep the details among these answers for a year."""
    details = json.dumps({name: answers[name] for name in FIELDS if answers.get(name)}, ensure_ascii=False)
    sealed = encryptor("kept details").encrypt(details, ROW)
    settings: Settings = current_app.config["SETTINGS"]
    if len(sealed) <= MAX_LENGTH:
        response.set_cookie(
            _cookie_name(),
            sealed,
            max_age=KEPT_FOR,
            path=url_for("checkout.details"),
            secure=settings.production,
            httponly=True,
            samesite="Lax",
        )


def forget_details(response: Response) -> None:
    """Delete the cookie, if the browser sent one."""
    settings: Settings = current_app.config["SETTINGS"]
    if _cookie_name() in request.cookies:
        path = url_for("checkout.details")
        response.delete_cookie(_cookie_name(), path, secure=settings.production, httponly=True, samesite="Lax")


def _cookie_name() -> str:
    settings: Settings = current_app.config["SETTINGS"]
    return "__Secure-details" if settings.production else "details"
