"""Export of the catalogue as a CSV file, and import with a preview."""

import re

from flask import Response, abort, flash, redirect, render_template, request, url_for
from flask_login import current_user
from sqlalchemy.exc import IntegrityError
from werkzeug.wrappers import Response as AnyResponse

from shop.accounts.audit_log import audit, current_user_name
from shop.accounts.permissions import admin, may
from shop.admin.upload_limits import allow_upload
from shop.catalog.csv_import.apply import PlanChanged, apply_rows
from shop.catalog.csv_import.columns import catalogue_lines, shortened
from shop.catalog.csv_import.drafts import ImportDraft, delete_draft, get_draft, store_draft
from shop.catalog.csv_import.parser import MAX_BYTES, Unreadable, decode_csv, read_sheet
from shop.catalog.csv_import.plan import preview
from shop.core.clock import NAIROBI, utcnow
from shop.core.database import db, write
from shop.web.idempotency import make_once
from shop.web.pagination import page_arg, paginate

PAGE_SIZE = 50
TABS = {"": "All rows", "error": "Errors", "new": "New", "changed": "Changed", "same": "Unchanged"}
MOVED = "Nothing was saved: the catalogue changed after this preview. This is the preview now. Check it, then apply"
UNSEEN = (
    "{count} of its rows set the stock without the column “Stock when exported”: pieces that were sold after the file "
    "was made would count as stock again. An export of the catalogue has this column"
)
allow_upload("admin.import_catalogue", MAX_BYTES)


class FileGone(Exception):
    """The file was applied or discarded, perhaps by another press of the same button. Nothing was written."""


@admin.get("/export/catalogue.csv")
@may("owner")
def catalogue_export() -> Response:
    """The whole catalogue as a CSV file."""
    response = Response("".join(catalogue_lines()).encode(), mimetype="text/csv")
    day = f"{utcnow().astimezone(NAIROBI):%Y-%m-%d}"
    response.headers["Content-Disposition"] = f'attachment; filename="catalogue-{day}.csv"'
    return response


@admin.route("/import", methods=["GET", "POST"])
@may("owner")
def import_catalogue() -> str | tuple[str, int] | AnyResponse:
    """Store an uploaded file and redirect to its preview."""
    if request.method == "GET":
        return render_template("admin/catalog/import_start.html", problems=[])
    file = request.files.get("file")
    try:
        if file is None or not (file.filename or file.stream.seek(0, 2)):
            raise Unreadable("Choose a CSV file")
        file.stream.seek(0)
        text, note = decode_csv(file.stream.read(MAX_BYTES + 1))
        read_sheet(text)
    except Unreadable as error:
        return render_template("admin/catalog/import_start.html", problems=[("file", str(error))]), 422
    name, owner = shortened(file.filename or "", 80) or "catalogue.csv", current_user.id
    made = make_once(lambda: url_for("admin.import_preview", token=store_draft(owner, name, text, note)))
    return redirect(made.address, 303)


@admin.get("/import/<token>")
@may("owner")
def import_preview(token: str) -> str:
    """What each row of the file would change. Nothing is written."""
    return _preview(_draft(token))[0]


@admin.post("/import/<token>/apply")
@may("owner")
def import_apply(token: str) -> tuple[str, int] | AnyResponse:
    """Apply the file if no row has an error and the preview is still true; else show the preview again."""
    seen, owner = request.form.get("seen", ""), current_user.id
    try:
        flash(f"Imported: {write(lambda: _apply(owner, token, seen))}", "good")
    except FileGone:
        flash("That file was applied or discarded already", "problem")
    except (PlanChanged, IntegrityError):  # the second: another user has just taken a slug or a SKU
        return _preview(_draft(token), moved=MOVED)
    return redirect(url_for("admin.import_catalogue"), 303)


@admin.post("/import/<token>/forget")
@may("owner")
def import_forget(token: str) -> AnyResponse:
    """Discard the file."""
    draft = _draft(token)
    write(lambda: delete_draft(draft))
    flash("The file is discarded. Nothing was changed", "good")
    return redirect(url_for("admin.import_catalogue"), 303)


def _apply(owner: int, token: str, seen: str) -> str:
    """Write what the preview showed; what was done, in words. Raises FileGone and PlanChanged."""
    draft = get_draft(owner, token, lock=True)
    if draft is None:
        raise FileGone
    made = apply_rows(read_sheet(draft.text).rows, seen, current_user_name())
    audit(f"Imported a catalogue file: {made.words}")
    delete_draft(draft)
    return made.words


def _draft(token: str) -> ImportDraft:
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,43}", token, re.ASCII):
        abort(404)
    return get_draft(current_user.id, token) or abort(404)


def _preview(draft: ImportDraft, moved: str = "") -> tuple[str, int]:
    """The preview; with `moved`, which is shown unless a row has an error, the answer to a press of "Apply"."""
    db.session.expunge(draft)  # `preview` would expire it
    sheet = read_sheet(draft.text)
    made = preview(sheet.rows)
    notes = [*([draft.note] if draft.note else []), *sheet.notes]
    if made.unconditional_stock_rows:
        notes.append(UNSEEN.format(count=made.unconditional_stock_rows))
    counts = {"": len(made.lines), **made.counts}
    asked = request.args.get("show")
    show = asked if asked in TABS else "error" if counts["error"] else ""
    chosen = [line for line in made.lines if show in ("", line.outcome)]
    here = paginate(page_arg(request.args.get("page", "")), len(chosen), PAGE_SIZE)

    def link(show: str, page: int = 1) -> str:
        return url_for("admin.import_preview", token=draft.token, show=show, page=page if page > 1 else None)

    shown = [key for key in TABS if not key or counts[key] or key == show]
    tabs = [(TABS[key], counts[key], link(key), key == show) for key in shown]
    page = render_template(
        "admin/catalog/import_preview.html",
        draft=draft,
        plan=made,
        counts=counts,
        notes=notes,
        tabs=tabs,
        found=here,
        lines=chosen[here.start : here.start + PAGE_SIZE],
        link_to_page=lambda page: link(show, page),
        moved="" if counts["error"] else moved,
        problems=[],
    )
    return page, 422 if counts["error"] else 409
