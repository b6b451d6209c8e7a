"""The owner's pages about people: who sits at the desk, who is invited, and what everybody did."""

from collections.abc import Callable

from flask import abort, flash, redirect, render_template, request, url_for
from flask_security import current_user
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from werkzeug.wrappers import Response as AnyResponse

from shop.accounts import staff
from shop.accounts.audit_log import audit, current_user_name
from shop.accounts.forms import InviteForm, RoleForm
from shop.accounts.models import OneTimeLink, User
from shop.accounts.one_time_links import send_invitation, withdraw_links
from shop.accounts.permissions import admin, may
from shop.accounts.staff import all_users, audit_log_entries, current_staff, day_in, invitations, removed_staff
from shop.accounts.staff_sessions import sessions_of
from shop.accounts.two_factor import asks_for_codes
from shop.core.clock import utcnow
from shop.core.database import db, write
from shop.core.text import one_line
from shop.web.base_form import ViewResponse
from shop.web.confirmation_page import ask_for_confirmation
from shop.web.idempotency import make_once
from shop.web.pagination import id_arg

LAST_OWNER = "The shop needs an owner, and this is the last one. Make somebody else an owner first"
NO_LONGER_OWNER = "You are no longer an owner. Nothing was changed"


@admin.get("/people")
@may("owner")
def people() -> str:
    """Who sits at the desk and who is invited."""
    return render_template(
        "accounts/staff.html",
        rows=current_staff(),
        invited=invitations(),
        removed=removed_staff(),
        now=utcnow(),
    )


@admin.route("/people/invite", methods=["GET", "POST"])
@may("owner", freshly=True)
def people_invite() -> ViewResponse:
    """Invite somebody by mail."""
    form = InviteForm()
    if not form.validate_on_submit():
        return _invite_page(form)
    email, role = form.email.data, form.role.data

    def invite() -> str:
        here = select(User.id).where(func.lower(User.email) == email, User.active)
        if db.session.scalar(here):
            raise staff.AlreadyHere
        send_invitation(email, role, current_user_name())
        audit(f"Invited {email} as {role}")
        return url_for("admin.people")

    try:
        make_once(invite)
    except IntegrityError:  # by another owner at the same moment: theirs is on its way
        pass
    except staff.AlreadyHere:
        form.email.errors = ["Somebody with this e-mail sits at the desk already"]
        return _invite_page(form)
    flash(f"The invitation to {email} is on its way", "good")
    return redirect(url_for("admin.people"), 303)


def _invite_page(form: InviteForm) -> ViewResponse:
    problems = form.problems
    return render_template("accounts/invite.html", form=form, problems=problems), 422 if problems else 200


@admin.post("/people/invitations/<int(max=2147483647):invitation_id>/again")
@may("owner", freshly=True)
def people_invite_again(invitation_id: int) -> AnyResponse:
    """Mail a new link; the older one is worth nothing from now on."""

    def again() -> str:
        link = _invitation(invitation_id)
        email, role = link.email, link.role
        send_invitation(email, role, current_user_name())
        audit(f"Invited {email} as {role} again")
        return email

    try:
        flash(f"A new invitation to {write(again)} is on its way; the older one works no more", "good")
    except (LookupError, IntegrityError):
        flash("That invitation was used, withdrawn or sent again meanwhile", "problem")
    return redirect(url_for("admin.people"), 303)


@admin.post("/people/invitations/<int(max=2147483647):invitation_id>/withdraw")
@may("owner", freshly=True)
def people_withdraw(invitation_id: int) -> AnyResponse:
    """Make an invitation worth nothing."""
    asked = ask_for_confirmation(
        "Withdraw the invitation?",
        "Its link works no more. You can invite them again.",
        button="Withdraw",
        back=url_for("admin.people"),
    )
    if asked:
        return asked

    def withdraw() -> str:
        email = _invitation(invitation_id).email
        if withdraw_links(email, "invite"):
            audit(f"Withdrew the invitation to {email}")
        return email

    try:
        flash(f"The invitation to {write(withdraw)} is withdrawn; its link works no more", "good")
    except LookupError:
        flash("That invitation was used or withdrawn meanwhile", "problem")
    return redirect(url_for("admin.people"), 303)


@admin.get("/people/<int(max=2147483647):user_id>")
@may("owner", freshly=True)
def people_one(user_id: int) -> str:
    """One person, and what an owner may change about them."""
    person = db.session.get(User, user_id)
    if person is None or not person.active:
        abort(404)
    role = "owner" if person.has_role("owner") else "staff"
    return render_template(
        "accounts/user.html",
        person=person,
        form=RoleForm(data={"role": role}, formdata=None),
        codes=asks_for_codes(user_id),
        places=len(sessions_of(user_id)),
        oneself=person.id == current_user.id,
    )


@admin.post("/people/<int(max=2147483647):user_id>/role")
@may("owner", freshly=True)
def people_role(user_id: int) -> AnyResponse:
    """Make somebody staff or owner."""
    form = RoleForm()
    if not form.validate_on_submit():
        flash("Choose what they may do: staff or owner", "problem")
        return redirect(url_for("admin.people_one", user_id=user_id), 303)

    def words() -> str:
        if not write(lambda: staff.change_role(user_id, form.role.data)):
            return "Nothing was changed: they were that already"
        return "Changed. They sign in again to go on"

    return _changed_people(words)


@admin.post("/people/<int(max=2147483647):user_id>/remove")
@may("owner", freshly=True)
def people_remove(user_id: int) -> AnyResponse:
    """Put somebody out."""
    name = _name_of(user_id)
    asked = ask_for_confirmation(
        f"Remove {name}?",
        f"{name} is signed out everywhere at once and can’t sign in any more. What they did keeps their name.",
        "To let them in again, an owner invites them anew.",
        button=f"Remove {name}",
        back=url_for("admin.people_one", user_id=user_id),
    )
    if asked:
        return asked
    return _changed_people(lambda: f"{write(lambda: staff.remove(user_id))} is removed and signed out everywhere")


@admin.post("/people/<int(max=2147483647):user_id>/codes-off")
@may("owner", freshly=True)
def people_codes_off(user_id: int) -> AnyResponse:
    """Help somebody in who lost phone and recovery codes."""
    asked = ask_for_confirmation(
        f"Turn off the codes of {_name_of(user_id)}?",
        "They sign in by password alone until they set codes up anew. Make sure that it is they who ask.",
        button="Turn their codes off",
        back=url_for("admin.people_one", user_id=user_id),
    )
    if asked:
        return asked
    return _changed_people(
        lambda: f"{write(lambda: staff.reset_codes(user_id))} signs in by password alone until they set up codes"
    )


def _name_of(user_id: int) -> str:
    """How a person who may sign in is called, or 404."""
    person = db.session.get(User, user_id)
    return (person.name or person.email) if person and person.active else abort(404)


def _changed_people(change: Callable[[], str]) -> AnyResponse:
    """Do it, and say on the list how it went."""
    try:
        flash(change(), "good")
    except staff.LastOwner:
        flash(LAST_OWNER, "problem")
    except staff.NoLongerOwner:
        flash(NO_LONGER_OWNER, "problem")
    except LookupError:
        abort(404)
    return redirect(url_for("admin.people"), 303)


def _invitation(invitation_id: int) -> OneTimeLink:
    """An invitation that has not been used. Raises LookupError."""
    link = db.session.get(OneTimeLink, invitation_id, with_for_update=True)
    if link is None or link.kind != "invite":
        raise LookupError
    return link


@admin.get("/people/log")
@may("owner")
def people_log() -> str:
    """What everybody did, newest first. There is no way to change or delete a line of it."""
    asked = request.args
    person, day = id_arg(asked.get("person", "")), day_in(asked.get("day", ""))
    wrong_day = bool(asked.get("day")) and day is None
    page = audit_log_entries(person, day, id_arg(asked.get("before", "")))

    def link(before: int | None = None) -> str:
        return url_for("admin.people_log", person=person, day=day.isoformat() if day else None, before=before)

    return render_template(
        "accounts/audit_log.html",
        page=page,
        people=all_users(),
        person=person,
        day=one_line(asked.get("day", ""), 40),
        wrong_day=wrong_day,
        older=link(page.older) if page.older else None,
        newest=link() if asked.get("before") else None,
    )
