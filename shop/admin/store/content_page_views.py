"""Pages that the owner writes: delivery and returns, terms, questions."""

from flask import abort, flash, redirect, render_template, request, url_for
from sqlalchemy import func, select
from werkzeug.wrappers import Response as AnyResponse
from wtforms import BooleanField, StringField, TextAreaField
from wtforms.validators import DataRequired, Length

from shop.accounts.audit_log import audit
from shop.accounts.permissions import admin, may
from shop.catalog.slugs import free_names, tidy_slug
from shop.core.database import db, write
from shop.core.text import typed_line, typed_text
from shop.store.content_pages import page_links, starter_pages
from shop.store.markup import MAX_TEXT, rendered
from shop.store.models import ContentPage
from shop.web.base_form import BaseForm, ViewResponse
from shop.web.confirmation_page import ask_for_confirmation
from shop.web.fingerprints import refuse_if_changed
from shop.web.form_fields import row_id
from shop.web.idempotency import make_once

MAX_PAGES = 20


class ContentPageForm(BaseForm):
    """A page with its title and text."""

    title = StringField(
        "Title",
        [DataRequired("Enter a title"), Length(max=80, message="Title must be 80 characters or fewer")],
        filters=[typed_line],
    )
    text = TextAreaField(
        "Text",
        [DataRequired("Enter the text"), Length(max=MAX_TEXT, message="Text must be 10,000 characters or fewer")],
        filters=[typed_text],
    )
    active = BooleanField("Show it, with a link at the foot of every page")

    def fill(self, page: ContentPage) -> None:
        """Fill in the form from a saved page."""
        self.title.data, self.text.data, self.active.data = page.title, page.text, page.active


@admin.get("/pages")
@may("owner")
def content_pages() -> str:
    """All pages, with the texts to start one from."""
    pages = db.session.scalars(select(ContentPage).order_by(ContentPage.position, ContentPage.id)).all()
    return render_template("admin/store/content_pages.html", pages=pages, starters=starter_pages(), most=MAX_PAGES)


@admin.route("/pages/new", methods=["GET", "POST"])
@may("owner")
def content_page_new() -> ViewResponse:
    """Write a page, perhaps from one of our texts (`?from=terms`)."""
    form = ContentPageForm()
    if not form.is_submitted():
        form.title.data, form.text.data = starter_pages().get(request.args.get("from", ""), ("", ""))
        form.active.data = True
        return _form_page(form, None)
    if not form.validate():
        return _form_page(form, None), 422
    made = make_once(lambda: _add(form))
    return _done(f"The page {form.title.data} is added" if made.first else "")


@admin.route("/pages/<page_id>", methods=["GET", "POST"])
@may("owner")
def content_page(page_id: str) -> ViewResponse:
    """Change a page. Its address stays, because it may be linked elsewhere."""
    page = db.session.get(ContentPage, row_id(page_id)) or abort(404)
    form = ContentPageForm()
    if not form.is_submitted():
        form.fill(page)
        return _form_page(form, page)
    if not form.validate():
        return _form_page(form, page), 422
    write(lambda: _change(page.id, form))
    return _done(f"The page {form.title.data} is saved")


@admin.post("/pages/<page_id>/delete")
@may("owner")
def content_page_delete(page_id: str) -> AnyResponse:
    """Delete a page for good, after asking."""
    page = db.session.get(ContentPage, row_id(page_id))
    if page is None:
        return _done("")
    asked = ask_for_confirmation(
        f"Delete the page {page.title}?",
        "Its text is lost, and links to it stop working. You can hide it instead.",
        button="Delete",
        back=url_for("admin.content_page", page_id=page.id),
    )
    if asked:
        return asked
    title = page.title
    write(lambda: _delete(row_id(page_id)))
    return _done(f"The page {title} is deleted")


def _add(form: ContentPageForm) -> str:
    """Add the page after all others. Aborts with 409 when there are MAX_PAGES."""
    known = list(db.session.scalars(select(ContentPage.slug)))
    if len(known) >= MAX_PAGES:
        abort(409)
    slug = free_names([tidy_slug(form.title.data)[:50].strip("-") or "page"], known)[0]
    last = db.session.scalar(select(func.max(ContentPage.position)))
    db.session.add(
        ContentPage(
            slug=slug,
            title=form.title.data,
            text=form.text.data,
            active=bool(form.active.data),
            position=0 if last is None else last + 1,
        )
    )
    audit(f"Added the page {form.title.data}")
    return url_for("admin.content_pages")


def _change(page_id: int, form: ContentPageForm) -> None:
    page = db.session.get_one(ContentPage, page_id, with_for_update=True)
    refuse_if_changed(f"page {page_id}", _shown(page), labels=form.labels())
    page.title, page.text, page.active = form.title.data, form.text.data, bool(form.active.data)
    page.demo = False
    audit(f"Changed the page {page.title}")


def _delete(page_id: int) -> None:
    page = db.session.get(ContentPage, page_id, with_for_update=True)
    if page is not None:
        db.session.delete(page)
        audit(f"Deleted the page {page.title}")


def _shown(page: ContentPage) -> dict[str, str]:
    form = ContentPageForm(formdata=None)
    form.fill(page)
    return form.shown()


def _done(words: str) -> AnyResponse:
    page_links.clear()
    if words:
        flash(words, "good")
    return redirect(url_for("admin.content_pages"), 303)


def _form_page(form: ContentPageForm, page: ContentPage | None) -> str:
    return render_template(
        "admin/store/content_page.html",
        form=form,
        page=page,
        shown=_shown(page) if page else None,
        preview=rendered(form.text.data or ""),
        problems=form.problems,
    )
