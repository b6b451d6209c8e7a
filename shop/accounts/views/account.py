"""The pages of a user's own account: name, password, two-factor codes and sessions."""

import json
from io import BytesIO

import segno
from flask import Response, abort, flash, redirect, render_template, session, url_for
from flask_login import current_user
from werkzeug.wrappers import Response as AnyResponse

from shop.accounts import staff_sessions, two_factor
from shop.accounts.audit_log import audit
from shop.accounts.credentials import check_password, hash_password
from shop.accounts.forms import ChangePasswordForm, CodeForm, NameForm
from shop.accounts.login_throttle import reset_tries, seconds_to_wait, wait_message
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

SECRET, RECOVERY_CODES = "admin_two_factor_secret", "admin_recovery_codes"  # session keys, encrypted
MAX_SET_UP = 60 * 60  # seconds from the QR code to the first code


@admin.get("/account")
@may("staff")
def account() -> str:
    """Show the account."""
    return _account_page()


def _account_page(name: NameForm | None = None, password: ChangePasswordForm | None = None) -> str:
    current = staff_sessions.current_session()
    forms = [form for form in (name, password) if form]
    return render_template(
        "accounts/account.html",
        name=name or NameForm(data={"name": current_user.name}, formdata=None),
        password=password or ChangePasswordForm(current_user.email, formdata=None),
        problems=[problem for form in forms for problem in form.problems],
        sessions=staff_sessions.sessions_of(current_user.id),
        current=current,
        codes_left=two_factor.recovery_codes_left(current_user.id) if current.two_factor else 0,
    )


@admin.post("/account/name")
@may("staff")
def account_name() -> ViewResponse:
    """Change the user's name."""
    form = NameForm()
    if not form.validate_on_submit():
        return _account_page(name=form), 422

    def rename() -> None:
        user = db.session.get_one(User, current_user.id, with_for_update=True, populate_existing=True)
        refuse_if_changed("my name", {"name": user.name}, labels=form.labels())
        audit(f"Changed their name to {form.name.data}")
        user.name = form.name.data

    write(rename)
    flash(f"Your name is now {form.name.data}", "good")
    return redirect(url_for("admin.account"), 303)


@admin.post("/account/password")
@may("staff")
def account_password() -> ViewResponse:
    """Change the password and end all other sessions."""
    form = ChangePasswordForm(current_user.email, current_user.name, current_store().name)
    key = f"confirm {current_user.get_id()}"  # counted together with login.confirm
    if form.validate_on_submit():
        if seconds := seconds_to_wait(key):
            form.old.errors = [wait_message(seconds)]
        elif not check_password(current_user, form.old.data):
            form.old.errors = ["The password is not right"]
    if form.problems:
        return _account_page(password=form), 422
    reset_tries(key)
    password, session_id = hash_password(form.password.data), staff_sessions.current_session().session_id

    def change() -> None:
        set_password(current_user, password, session_id)
        audit("Changed their password")

    write(change)
    session["_user_id"] = current_user.get_id()  # it changed with the password
    flash("Your password is changed. All other browsers are signed out", "good")
    return redirect(url_for("admin.account"), 303)


@admin.post("/account/sessions/end")
@may("staff")
def account_end_sessions() -> AnyResponse:
    """End all other sessions of the user."""
    if question := ask_for_confirmation(
        "Sign out everywhere else?",
        "All other browsers in which you are signed in are signed out at once. Unsaved work there is lost.",
        button="Sign out the others",
        back=url_for("admin.account"),
    ):
        return question
    session_id = staff_sessions.current_session().session_id

    def end() -> int:
        ended = staff_sessions.end_sessions(current_user.id, session_id)
        if ended:
            audit(f"Ended {ended} other session{'s' if ended != 1 else ''}")
        return ended

    ended = write(end)
    message = f"Signed out {ended} other browser{'s' if ended != 1 else ''}" if ended else "There was no other session"
    flash(message, "good")
    return redirect(url_for("admin.account"), 303)


@admin.get("/account/two-factor")
@may("staff", recent_login=True, before_two_factor=True)
def account_two_factor() -> str:
    """Set up two-factor codes, or manage them. New recovery codes are shown once."""
    shown = _from_session("recovery codes shown once", RECOVERY_CODES)
    session.pop(RECOVERY_CODES, None)
    if not staff_sessions.current_session().two_factor:
        return _set_up_page(CodeForm(formdata=None))
    left = two_factor.recovery_codes_left(current_user.id)
    return render_template("accounts/two_factor.html", shown=json.loads(shown or "[]"), left=left)


@admin.get("/account/two-factor.svg")
@may("staff", recent_login=True, before_two_factor=True)
def account_two_factor_image() -> Response:
    """The QR code for the authenticator app."""
    secret = _from_session("two-factor set-up", SECRET) or abort(404)
    image = BytesIO()
    uri = two_factor.provisioning_uri(secret, current_user.email, current_store().name)
    segno.make(uri, micro=False).save(image, kind="svg", scale=5, border=4, dark="#000", light="#fff", xmldecl=False)
    return Response(image.getvalue(), mimetype="image/svg+xml", headers={"Cache-Control": "no-store"})


@admin.post("/account/two-factor")
@may("staff", recent_login=True, before_two_factor=True)
@limiter.limit("20 per 5 minutes", key_func=lambda: f"set-up {current_user.get_id()}")
def account_two_factor_on() -> ViewResponse:
    """Turn two-factor codes on with the first code of the authenticator app."""
    if staff_sessions.current_session().two_factor:
        return redirect(url_for("admin.account_two_factor"), 303)
    form, secret = CodeForm(), _from_session("two-factor set-up", SECRET)
    step = two_factor.matching_step(secret, form.code.data or "") if secret else None
    if form.validate_on_submit() and step is None:
        form.code.errors = ["That code is not right. Enter the one your phone shows now; its clock must be right"]
    if step is None or form.problems:
        return _set_up_page(form), 422

    def turn_on() -> list[str]:
        audit("Turned on two-factor codes")
        return two_factor.turn_on(current_user.id, secret, step)

    _show_once(write(turn_on))
    session.pop(SECRET, None)
    flash("Two-factor codes are on. From now on you sign in with your password and a code", "good")
    return redirect(url_for("admin.account_two_factor"), 303)


@admin.post("/account/two-factor/recovery")
@may("staff", recent_login=True)
def account_recovery_codes() -> AnyResponse:
    """Replace the recovery codes."""
    if not staff_sessions.current_session().two_factor:
        return redirect(url_for("admin.account_two_factor"), 303)
    if question := ask_for_confirmation(
        "Make new recovery codes?",
        "Ten new codes are shown once. The old ones stop working.",
        button="Make new codes",
        back=url_for("admin.account_two_factor"),
    ):
        return question

    def renew() -> list[str]:
        audit("Made new recovery codes")
        return two_factor.new_recovery_codes(current_user.id)

    _show_once(write(renew))
    return redirect(url_for("admin.account_two_factor"), 303)


@admin.post("/account/two-factor/off")
@may("staff", recent_login=True)
def account_two_factor_off() -> AnyResponse:
    """Turn two-factor codes off."""
    if question := ask_for_confirmation(
        "Turn off two-factor codes?",
        "You sign in with your password alone, and your recovery codes stop working.",
        button="Turn codes off",
        back=url_for("admin.account_two_factor"),
    ):
        return question

    def turn_off() -> None:
        if two_factor.turn_off(current_user.id):
            audit("Turned off two-factor codes")

    write(turn_off)
    flash("Two-factor codes are off. You sign in with your password alone", "good")
    return redirect(url_for("admin.account"), 303)


def _set_up_page(form: CodeForm) -> str:
    secret = _from_session("two-factor set-up", SECRET)
    if not secret:
        secret = two_factor.new_secret()
        session[SECRET] = encryptor("two-factor set-up").encrypt(secret, current_user.id)
    return render_template(
        "accounts/two_factor_setup.html",
        form=form,
        problems=form.problems,
        setup_key=two_factor.setup_key(secret),
        required=must_set_up_two_factor(),
    )


def _show_once(codes: list[str]) -> None:
    session[RECOVERY_CODES] = encryptor("recovery codes shown once").encrypt(json.dumps(codes), current_user.id)


def _from_session(purpose: Purpose, key: str) -> str:
    """What was put into this user's session at most MAX_SET_UP seconds ago, decrypted; "" if there is nothing."""
    encrypted = session.get(key, "")
    try:
        return encryptor(purpose).decrypt(encrypted, current_user.id, MAX_SET_UP) if encrypted else ""
    except DecryptionError:
        return ""
