"""The outbox's pages. Everybody at the desk may look and send again; mails that are about no order only an owner."""

import re

from flask import abort, current_app, flash, redirect, render_template, request, url_for
from sqlalchemy.exc import IntegrityError
from werkzeug.wrappers import Response as AnyResponse

from shop.accounts.audit_log import audit, audit_search
from shop.accounts.permissions import admin, has_role, may
from shop.admin.labels import standing
from shop.config import Settings
from shop.core.clock import utcnow
from shop.core.database import db, write
from shop.core.encryption import DecryptionError
from shop.emails import delivery_status, outbox
from shop.emails.models import OutboxEmail
from shop.emails.outbox import TABS, EmailRow, find_email, find_emails, tidy_search
from shop.orders.models import Order
from shop.orders.transitions import StaleState
from shop.web.pagination import id_arg


@admin.get("/mail")
@may("staff")
def mail() -> str:
    """The outbox, newest first."""
    tab = request.args.get("tab", "")
    tab = tab if tab in TABS else "waiting"
    q = tidy_search(request.args.get("q", ""))
    found = find_emails(tab, q, id_arg(request.args.get("before", "")), has_role("owner"))
    if q:
        audit_search("Searched the mails", str(found.counts[tab]))
    tabs = [
        (words, found.counts[name], url_for("admin.mail", tab=name, q=q or None), name == tab)
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
        standing=standing,
        why_not=delivery_status.why_not,
        only_files=not settings.smtp_host,
    )


@admin.get("/mail/<mail_id>")
@may("staff")
def mail_one(mail_id: str) -> str:
    """One mail as it was written, and what became of it."""
    found, now = _found(mail_id), utcnow()
    return render_template(
        "admin/emails/detail.html",
        mail=found.mail,
        number=found.number,
        badge_of=standing(found.mail),
        why_not=delivery_status.why_not,
        may_be_tried=outbox.may_be_retried(found.mail, now),
        copies=outbox.copies_of(found.mail) if found.mail.sent_at else 0,
    )


@admin.post("/mail/<mail_id>/again")
@may("staff")
def mail_again(mail_id: str) -> AnyResponse:
    """Put an unsent mail in front of the worker again, under its own Message-ID."""
    found = _found(mail_id)

    def put_back() -> None:
        outbox.retry(found.mail, utcnow())
        audit(f"Sent again: {found.mail.subject}", _order_of(found.mail))

    try:
        write(put_back)
    except StaleState:
        flash("This mail has been sent, or is being sent at this moment", "problem")
    else:
        flash("The mail is on its way again", "good")
    return redirect(url_for("admin.mail_one", mail_id=mail_id), 303)


@admin.post("/mail/<mail_id>/copy")
@may("staff")
def mail_copy(mail_id: str) -> AnyResponse:
    """Send a mail that was sent already once more."""
    found, seen = _found(mail_id), request.form.get("copies", "")

    def copy() -> int:
        if not re.fullmatch(r"[0-9]{1,6}", seen):
            raise StaleState
        made = outbox.send_copy(found.mail, int(seen), utcnow())
        audit(f"Sent once more: {found.mail.subject}", _order_of(found.mail))
        return made.id

    try:
        made_id = write(copy)
    except (StaleState, IntegrityError):  # pressed twice: of two at the same moment the database keeps one
        flash("It has just been sent once more", "problem")
        return redirect(url_for("admin.mail_one", mail_id=mail_id), 303)
    except DecryptionError:
        flash(
            "This mail is encrypted with a key the shop no longer has. Send a new link instead",
            "problem",
        )
        return redirect(url_for("admin.mail_one", mail_id=mail_id), 303)
    flash("A new mail is on its way", "good")
    return redirect(url_for("admin.mail_one", mail_id=made_id), 303)


def _found(typed: str) -> EmailRow:
    key = id_arg(typed)
    return (find_email(key, has_role("owner")) if key is not None else None) or abort(404)


def _order_of(mail: OutboxEmail) -> Order | None:
    return db.session.get(Order, mail.order_id) if mail.order_id else None
