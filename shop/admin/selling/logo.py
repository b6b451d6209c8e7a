"""The shop's logo, at the top of every page and receipt.

A form of its own, for the settings' form sends no files.
"""

from flask import flash, redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from shop.admin.acts import acted
from shop.admin.asking import ask_first
from shop.admin.frame import admin, may
from shop.admin.pictures.taking import take_one
from shop.admin.selling.settings import kept_page
from shop.admin.uploads import takes
from shop.catalog import media
from shop.catalog.shrinking import LARGEST_FILE, PictureRefused
from shop.database import db, write
from shop.details import details_row, forget_details
from shop.fingerprints import Label, refuse_if_changed

LOGO: dict[str, Label] = {"logo": "The logo"}
takes("admin.set_logo", LARGEST_FILE)


@admin.post("/settings/logo")
@may("owner")
def set_logo() -> tuple[str, int] | AnyResponse:
    """Take in a logo, in place of the one there was."""
    file = request.files.get("logo")
    if file is None or not (file.filename or file.stream.seek(0, 2)):
        return kept_page([("logo-file", "Choose a picture for the logo")]), 422
    db.session.rollback()  # no transaction stays open while a picture is decoded
    try:
        path = take_one(file)
    except PictureRefused as refused:
        return kept_page([("logo-file", f"The logo was not changed: {refused}")]), 422
    _show(path, "Changed the shop’s logo")
    flash("The logo is changed. Every page shows it within a few seconds", "good")
    return _back()


@admin.post("/settings/logo/remove")
@may("owner")
def remove_logo() -> AnyResponse:
    """Go back to the drawing a new shop has."""
    asked = ask_first(
        "Remove the logo?",
        "Every page shows the drawing of a new shop instead. Your picture is deleted.",
        button="Remove",
        back=url_for("admin.settings"),
    )
    if asked:
        return asked
    if _show("", "Removed the shop’s logo"):
        flash("The logo is removed", "good")
    else:
        flash("The logo was removed already", "problem")
    return _back()


def _show(path: str, words: str) -> str:
    """Make a picture the logo; the path of the one before it, whose files the sweep deletes a day later."""

    def work() -> str:
        row = details_row()
        db.session.refresh(row, with_for_update=True)
        if row.logo != path:
            refuse_if_changed("the logo", {"logo": row.logo}, labels=LOGO)
        before, row.logo = row.logo, path
        if before != path:
            acted(words)
        return before

    before = write(work)
    forget_details()
    media.let_rest(before)
    return before


def _back() -> AnyResponse:
    return redirect(url_for("admin.settings"), 303)
