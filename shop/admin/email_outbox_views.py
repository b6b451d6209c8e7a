"""The pages of the outbox. Emails that are not about an order are for owners only: they may hold account links."""

import re
from functools import partial

from flask import abort, current_app, flash, redirect, render_template, request, url_for
from sqlalchemy.exc import IntegrityError
from werkzeug.wrappers import Response as AnyResponse

from shop.accounts.audit_log import audit, audit_search
from shop.accounts.permissions import admin, has_role, may
from shop.admin.labels import email_badge
from shop.config import Settings
from shop.core.clock import utcnow
from shop.core.database import db, write
from shop.core.encryption import DecryptionError
from shop.emails import outbox
from shop.emails.models import OutboxEmail
from shop.emails.outbox import TABS, EmailRow, find_email, find_emails, tidy_search
from shop.orders.models import Order
from shop.orders.transitions import StaleState
from shop.web.pagination import id_arg


@admin.get("/emails")
@may("staff")
def emails() -> str:
    """The outbox, newest first."""
    tab = request.args.get("tab", "")
    tab = tab if tab in TABS else "waiting"
    q = tidy_search(request.args.get("q", ""))
    found = find_emails(tab, q, id_arg(request.args.get("before", "")), has_role("owner"))
    if q:
        audit_search("Searched the emails", str(found.counts[tab]))
    tabs = [
        (words, found.counts[name], url_for("admin.emails", tab=name, q=q or None), name == tab)
        for name, words in TABS.items()
        if name != "files" or found.counts[name] or name == tab
    ]
    settings: Settings = current_app.config["SETTINGS"]
    return render_template(
        "admin/emails/list.html",
        found=found,
        tab=tab,
        tabs=tabs,
        q=q,
        title=TABS[tab],
        email_badge=email_badge,
        why_not=outbox.why_not,
        only_files=not settings.smtp_host,
    )


@admin.get("/emails/<mail_id>")
@may("staff")
def email(mail_id: str) -> str:
    """One email and its delivery."""
    found, now = _found(mail_id), utcnow()
    return render_template(
        "admin/emails/detail.html",
        email=found.mail,
        number=found.number,
        state=email_badge(found.mail),
        why_not=outbox.why_not,
        may_retry=outbox.may_be_retried(found.mail, now),
        copies=outbox.copies_of(found.mail) if found.mail.sent_at else 0,
    )


@admin.post("/emails/<mail_id>/again")
@may("staff")
def email_retry(mail_id: str) -> AnyResponse:
    """Send an unsent email again, with the same Message-ID."""
    found = _found(mail_id)
    try:
        write(partial(_retry, found.mail))
    except StaleState:
        flash("This email was sent, or is being sent now", "problem")
    else:
        flash("The email is being sent again", "good")
    return redirect(url_for("admin.email", mail_id=mail_id), 303)


def _retry(email: OutboxEmail) -> None:
    outbox.retry(email, utcnow())
    audit(f"Sent again: {email.subject}", _order_of(email))


@admin.post("/emails/<mail_id>/copy")
@may("staff")
def email_copy(mail_id: str) -> AnyResponse:
    """Send a copy of a sent email."""
    found = _found(mail_id)
    try:
        copy_id = write(partial(_send_copy, found.mail, request.form.get("copies", "")))
    except (StaleState, IntegrityError):  # submitted twice: the database keeps one copy
        flash("A copy was sent just now", "problem")
        return redirect(url_for("admin.email", mail_id=mail_id), 303)
    except DecryptionError:
        flash("This email is encrypted with a key that the shop no longer has. Send a new link instead", "problem")
        return redirect(url_for("admin.email", mail_id=mail_id), 303)
    flash("A copy is being sent", "good")
    return redirect(url_for("admin.email", mail_id=copy_id), 303)


def _send_copy(email: OutboxEmail, shown_copies: str) -> int:
    if not re.fullmatch(r"[0-9]{1,6}", shown_copies):
        raise StaleState
    copy = outbox.send_copy(email, int(shown_copies), utcnow())
    audit(f"Sent a copy: {email.subject}", _order_of(email))
    return copy.id


def _found(typed: str) -> EmailRow:
    key = id_arg(typed)
    return (find_email(key, has_role("owner")) if key is not None else None) or abort(404)


def _order_of(email: OutboxEmail) -> Order | None:
    return db.session.get(Order, email.order_id) if email.order_id else None
