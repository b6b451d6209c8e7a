"""The owner's pages: users, invitations and the audit log."""

from collections.abc import Callable

from flask import abort, flash, redirect, render_template, request, url_for
from flask_login import current_user
from sqlalchemy.exc import IntegrityError
from werkzeug.wrappers import Response as AnyResponse

from shop.accounts import staff
from shop.accounts.audit_log import audit, current_user_name
from shop.accounts.credentials import user_by_email
from shop.accounts.forms import InviteForm, RoleForm
from shop.accounts.models import OneTimeLink, User
from shop.accounts.one_time_links import send_invitation, withdraw_links
from shop.accounts.permissions import admin, may
from shop.accounts.staff_sessions import sessions_of
from shop.accounts.two_factor import has_two_factor
from shop.core.clock import read_day, utcnow
from shop.core.database import db, write
from shop.core.text import one_line
from shop.web.base_form import ViewResponse
from shop.web.confirmation_page import ask_for_confirmation
from shop.web.idempotency import make_once
from shop.web.pagination import id_arg

LAST_OWNER = "The shop needs an owner, and this is the last one. Make another user an owner first"
NO_LONGER_OWNER = "You are no longer an owner. Nothing was changed"


@admin.get("/users")
@may("owner")
def users() -> str:
    """List users and invitations."""
    return render_template(
        "accounts/staff.html",
        rows=staff.active_users(),
        invited=staff.invitations(),
        removed=staff.removed_users(),
        now=utcnow(),
    )


@admin.route("/users/invite", methods=["GET", "POST"])
@may("owner", recent_login=True)
def users_invite() -> ViewResponse:
    """Invite a user by email."""
    form = InviteForm()
    if not form.validate_on_submit():
        return _invite_page(form)
    email, role = form.email.data, form.role.data

    def invite() -> str:
        user = user_by_email(email)
        if user and user.active:
            raise staff.UserExists
        send_invitation(email, role, current_user_name())
        audit(f"Invited {email} as {role}")
        return url_for("admin.users")

    try:
        make_once(invite)
    except IntegrityError:  # another owner invited them at the same moment
        pass
    except staff.UserExists:
        form.email.errors = ["There is already a user with this email"]
        return _invite_page(form)
    flash(f"The invitation to {email} is on its way", "good")
    return redirect(url_for("admin.users"), 303)


def _invite_page(form: InviteForm) -> ViewResponse:
    problems = form.problems
    return render_template("accounts/invite.html", form=form, problems=problems), 422 if problems else 200


@admin.post("/users/invitations/<int(max=2147483647):invitation_id>/again")
@may("owner", recent_login=True)
def users_invite_again(invitation_id: int) -> AnyResponse:
    """Email a new link in place of the older one."""

    def invite_again() -> str:
        link = _invitation(invitation_id)
        email, role = link.email, link.role
        send_invitation(email, role, current_user_name())
        audit(f"Invited {email} as {role} again")
        return email

    try:
        flash(f"A new invitation to {write(invite_again)} is on its way. The older one no longer works", "good")
    except (LookupError, IntegrityError):
        flash("That invitation was used, withdrawn or sent again while you were looking at it", "problem")
    return redirect(url_for("admin.users"), 303)


@admin.post("/users/invitations/<int(max=2147483647):invitation_id>/withdraw")
@may("owner", recent_login=True)
def users_withdraw(invitation_id: int) -> AnyResponse:
    """Withdraw an invitation."""
    if question := ask_for_confirmation(
        "Withdraw the invitation?",
        "Its link stops working. You can invite them again.",
        button="Withdraw",
        back=url_for("admin.users"),
    ):
        return question

    def withdraw() -> str:
        email = _invitation(invitation_id).email
        if withdraw_links(email, "invite"):
            audit(f"Withdrew the invitation to {email}")
        return email

    try:
        flash(f"The invitation to {write(withdraw)} is withdrawn. Its link no longer works", "good")
    except LookupError:
        flash("That invitation was used or withdrawn while you were looking at it", "problem")
    return redirect(url_for("admin.users"), 303)


@admin.get("/users/<int(max=2147483647):user_id>")
@may("owner", recent_login=True)
def users_one(user_id: int) -> str:
    """Show a user and what an owner may change."""
    user = _user_or_404(user_id)
    return render_template(
        "accounts/user.html",
        user=user,
        form=RoleForm(data={"role": user.role}, formdata=None),
        two_factor=has_two_factor(user_id),
        session_count=len(sessions_of(user_id)),
        is_self=user.id == current_user.id,
    )


@admin.post("/users/<int(max=2147483647):user_id>/role")
@may("owner", recent_login=True)
def users_role(user_id: int) -> AnyResponse:
    """Change a user's role."""
    form = RoleForm()
    if not form.validate_on_submit():
        flash("Choose a role: staff or owner", "problem")
        return redirect(url_for("admin.users_one", user_id=user_id), 303)

    def change() -> str:
        changed = write(lambda: staff.change_role(user_id, form.role.data))
        return "The role is changed. The user must sign in again" if changed else "Nothing was changed: same role"

    return _change_user(change)


@admin.post("/users/<int(max=2147483647):user_id>/remove")
@may("owner", recent_login=True)
def users_remove(user_id: int) -> AnyResponse:
    """Remove a user."""
    name = _user_or_404(user_id).display_name
    if question := ask_for_confirmation(
        f"Remove {name}?",
        f"{name} is signed out everywhere at once and can’t sign in any more. The audit log keeps the name.",
        "To restore the user, an owner sends a new invitation.",
        button=f"Remove {name}",
        back=url_for("admin.users_one", user_id=user_id),
    ):
        return question
    return _change_user(lambda: f"{write(lambda: staff.remove_user(user_id))} is removed and signed out everywhere")


@admin.post("/users/<int(max=2147483647):user_id>/codes-off")
@may("owner", recent_login=True)
def users_two_factor_off(user_id: int) -> AnyResponse:
    """Turn off the two-factor codes of a user who lost them."""
    if question := ask_for_confirmation(
        f"Turn off the two-factor codes of {_user_or_404(user_id).display_name}?",
        "They sign in with the password alone until they set codes up again.",
        "Make sure that the request is really theirs.",
        button="Turn their codes off",
        back=url_for("admin.users_one", user_id=user_id),
    ):
        return question
    return _change_user(
        lambda: f"{write(lambda: staff.reset_two_factor(user_id))} now signs in with the password alone"
    )


def _user_or_404(user_id: int) -> User:
    user = db.session.get(User, user_id)
    return user if user and user.active else abort(404)


def _change_user(change: Callable[[], str]) -> AnyResponse:
    """Make a change and show its message on the list of users."""
    try:
        flash(change(), "good")
    except staff.LastOwner:
        flash(LAST_OWNER, "problem")
    except staff.NoLongerOwner:
        flash(NO_LONGER_OWNER, "problem")
    except LookupError:
        abort(404)
    return redirect(url_for("admin.users"), 303)


def _invitation(invitation_id: int) -> OneTimeLink:
    """An invitation that was not accepted yet. Raises LookupError."""
    link = db.session.get(OneTimeLink, invitation_id, with_for_update=True)
    if link is None or link.kind != "invite":
        raise LookupError
    return link


@admin.get("/audit-log")
@may("owner")
def users_audit_log() -> str:
    """Show the audit log, newest first."""
    args = request.args
    user_id, day = id_arg(args.get("person", "")), read_day(args.get("day", ""))
    page = staff.audit_log_entries(user_id, day, id_arg(args.get("before", "")))

    def link(before: int | None = None) -> str:
        return url_for("admin.users_audit_log", person=user_id, day=day.isoformat() if day else None, before=before)

    return render_template(
        "accounts/audit_log.html",
        page=page,
        users=staff.all_users(),
        user_id=user_id,
        day=one_line(args.get("day", ""), 40),
        wrong_day=bool(args.get("day")) and day is None,
        older=link(page.older) if page.older else None,
        newest=link() if args.get("before") else None,
    )
