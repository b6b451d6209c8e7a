"""Everybody's own pages: name and password, codes from the phone, and where one is signed in."""

import json
from io import BytesIO
from typing import Any

import segno
from flask import Response, abort, flash, redirect, render_template, session, url_for
from flask_security import current_user
from flask_security.utils import hash_password
from werkzeug.wrappers import Response as AnyResponse

from shop.accounts import staff_sessions, two_factor
from shop.accounts.audit_log import audit
from shop.accounts.forms import ChangePasswordForm, CodeForm, NameForm
from shop.accounts.login_throttle import in_words, seconds_to_wait, start_anew
from shop.accounts.models import User
from shop.accounts.permissions import admin, may, must_set_up_two_factor
from shop.accounts.staff import set_password
from shop.core.database import db, write
from shop.core.encryption import DecryptionError, Purpose, encryptor
from shop.store.settings import current_store
from shop.web.base_form import ViewResponse
from shop.web.confirmation_page import ask_for_confirmation
from shop.web.extensions import limiter
from shop.web.fingerprints import refuse_if_changed

SETTING_UP, SHOWN_ONCE = "desk_setting_up", "desk_shown_once"  # in the session, encrypted
LONGEST_SET_UP = 60 * 60  # seconds from the image to the first code


@admin.get("/me")
@may("staff")
def me() -> str:
    """What there is about oneself."""
    return _own_page()


def _own_page(name: NameForm | None = None, password: ChangePasswordForm | None = None) -> str:
    here = staff_sessions.current_session()
    forms = [form for form in (name, password) if form]
    return render_template(
        "accounts/account.html",
        name=name or NameForm(data={"name": current_user.name}, formdata=None),
        password=password or ChangePasswordForm(current_user.email, formdata=None),
        problems=[problem for form in forms for problem in form.problems],
        sittings=staff_sessions.sessions_of(current_user.id),
        here=here,
        codes_left=two_factor.recovery_codes_left(current_user.id) if here.second_factor else 0,
    )


@admin.post("/me/name")
@may("staff")
def me_name() -> ViewResponse:
    """Change how the log and the timelines name one from now on."""
    form = NameForm()
    if not form.validate_on_submit():
        return _own_page(name=form), 422

    def rename() -> None:
        here = db.session.get_one(User, current_user.id, with_for_update=True, populate_existing=True)
        refuse_if_changed("my name", {"name": here.name}, labels=form.labels())
        audit(f"Changed their name to {form.name.data}")
        current_user.name = form.name.data

    write(rename)
    flash(f"From now on you are {form.name.data}", "good")
    return redirect(url_for("admin.me"), 303)


@admin.post("/me/password")
@may("staff")
def me_password() -> ViewResponse:
    """Change the password. Every other browser is signed out by it."""
    form = ChangePasswordForm(current_user.email, current_user.name, current_store().name)
    key = f"confirm {current_user.get_id()}"  # together with tries to confirm
    if form.validate_on_submit():
        if seconds := seconds_to_wait(key):
            form.old.errors = [in_words(seconds)]
        elif not current_user.verify_and_update_password(form.old.data):
            form.old.errors = ["That is not your password"]
    if form.problems:
        return _own_page(password=form), 422
    start_anew(key)
    new, here = hash_password(form.chosen), staff_sessions.current_session().session_id

    def change() -> None:
        set_password(current_user, new, here)
        audit("Changed their password")

    write(change)
    session["_user_id"] = current_user.fs_uniquifier  # which has changed with it
    flash("Your password is changed. Everywhere else you are signed out", "good")
    return redirect(url_for("admin.me"), 303)


@admin.post("/me/sittings/end")
@may("staff")
def me_end_others() -> AnyResponse:
    """Sign out everywhere but here."""
    asked = ask_for_confirmation(
        "Sign out everywhere else?",
        "Every other browser in which you are signed in is signed out at once. What is typed there is not saved.",
        button="Sign out the others",
        back=url_for("admin.me"),
    )
    if asked:
        return asked
    here = staff_sessions.current_session().session_id

    def end() -> int:
        ended = staff_sessions.end_sessions(current_user.id, here)
        if ended:
            audit(f"Ended {ended} other sitting{'s' if ended != 1 else ''} of theirs")
        return ended

    ended = write(end)
    flash(f"Signed out {ended} other browser{'s' if ended != 1 else ''}" if ended else "There was no other", "good")
    return redirect(url_for("admin.me"), 303)


@admin.get("/me/codes")
@may("staff", freshly=True, before_codes=True)
def me_codes() -> str:
    """Set codes up, or see how they stand. What is there to copy by hand is shown until the first code came back."""
    here = staff_sessions.current_session()
    shown = _unsealed("recovery codes shown once", session.pop(SHOWN_ONCE, ""))
    if here.second_factor:
        left = two_factor.recovery_codes_left(current_user.id)
        return render_template("accounts/two_factor.html", shown=json.loads(shown or "[]"), left=left)
    return _set_up_page(CodeForm(formdata=None))


@admin.get("/me/codes.svg")
@may("staff", freshly=True, before_codes=True)
def me_codes_image() -> Response:
    """The image for the phone's camera; it is in no cache and no page's text."""
    secret = _unsealed("two-factor set-up", session.get(SETTING_UP, "")) or abort(404)
    image = BytesIO()
    address = two_factor.address_for(secret, current_user.email, current_store().name)
    segno.make(address, micro=False).save(
        image, kind="svg", scale=5, border=4, dark="#000", light="#fff", xmldecl=False
    )
    return Response(image.getvalue(), mimetype="image/svg+xml", headers={"Cache-Control": "no-store"})


@admin.post("/me/codes")
@may("staff", freshly=True, before_codes=True)
@limiter.limit("20 per 5 minutes", key_func=lambda: f"set-up {current_user.get_id()}")
def me_codes_on() -> ViewResponse:
    """The first code came back: from now on they are asked for."""
    if staff_sessions.current_session().second_factor:
        return redirect(url_for("admin.me_codes"), 303)
    form, secret = CodeForm(), _unsealed("two-factor set-up", session.get(SETTING_UP, ""))
    step = two_factor.right_step(secret, form.code.data or "") if secret else None
    if form.validate_on_submit() and step is None:
        form.code.errors = ["That code is not right. Enter the one your phone shows now; its clock must be right"]
    if step is None or form.problems:
        return _set_up_page(form), 422

    def turn_on() -> list[str]:
        audit("Turned codes on")
        return two_factor.turn_on(current_user.id, secret, step)

    _show_once(write(turn_on))
    session.pop(SETTING_UP, None)
    flash("Codes are on. From now on you sign in with your password and a code", "good")
    return redirect(url_for("admin.me_codes"), 303)


@admin.post("/me/codes/recovery")
@may("staff", freshly=True)
def me_codes_recovery() -> AnyResponse:
    """Ten new recovery codes in place of the old ones."""
    if not staff_sessions.current_session().second_factor:
        return redirect(url_for("admin.me_codes"), 303)
    asked = ask_for_confirmation(
        "Make new recovery codes?",
        "Ten new codes are shown once. The old ones work no more.",
        button="Make new codes",
        back=url_for("admin.me_codes"),
    )
    if asked:
        return asked

    def renew() -> list[str]:
        audit("Made new recovery codes")
        return two_factor.fresh_recovery_codes(current_user.id)

    _show_once(write(renew))
    return redirect(url_for("admin.me_codes"), 303)


@admin.post("/me/codes/off")
@may("staff", freshly=True)
def me_codes_off() -> AnyResponse:
    """Sign in by password alone again."""
    asked = ask_for_confirmation(
        "Turn your codes off?",
        "You sign in with your password alone, and your recovery codes work no more.",
        button="Turn codes off",
        back=url_for("admin.me_codes"),
    )
    if asked:
        return asked

    def turn_off() -> None:
        if two_factor.turn_off(current_user.id):
            audit("Turned codes off")

    write(turn_off)
    flash("Codes are off. You sign in with your password alone", "good")
    return redirect(url_for("admin.me"), 303)


def _set_up_page(form: CodeForm) -> str:
    secret = _unsealed("two-factor set-up", session.get(SETTING_UP, ""))
    if not secret:
        secret = two_factor.new_secret()
        session[SETTING_UP] = encryptor("two-factor set-up").encrypt(secret, current_user.id)
    written = two_factor.for_typing(secret)
    words: dict[str, Any] = {"form": form, "problems": form.problems, "written": written}
    return render_template("accounts/two_factor_setup.html", must=must_set_up_two_factor(), **words)


def _show_once(recovery_codes: list[str]) -> None:
    session[SHOWN_ONCE] = encryptor("recovery codes shown once").encrypt(json.dumps(recovery_codes), current_user.id)


def _unsealed(purpose: Purpose, sealed: str) -> str:
    """What was put into this user's session within the last hour; "" for what is older or not there."""
    try:
        return encryptor(purpose).decrypt(sealed, current_user.id, LONGEST_SET_UP) if sealed else ""
    except DecryptionError:
        return ""
