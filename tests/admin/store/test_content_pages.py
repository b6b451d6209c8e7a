"""Pages that the owner writes: from our text to the footer of every page."""

from sqlalchemy import func, select

from shop.core.database import db
from shop.store.models import ContentPage
from tests.shopper import hidden_fields


def save(owner, address, **fields):
    """Send the form of a page."""
    form = hidden_fields(owner.get(address).text, address.partition("?")[0])
    return owner.post(address.partition("?")[0], {**form, "active": "1", **fields})


def test_a_page_starts_from_our_text_and_stands_in_the_footer(owner, shopper):
    page = owner.get("/admin/pages/new?from=questions").text
    assert "Questions and answers" in page and "Do I need an account?" in page

    saved = save(owner, "/admin/pages/new", title="How we make shoes", text="# Leather\n\nFrom **Nairobi**.")

    assert saved.status_code == 303
    assert '<a href="/pages/how-we-make-shoes">How we make shoes</a>' in shopper.get("/").text
    shown = shopper.get("/pages/how-we-make-shoes").text
    assert "<h2>Leather</h2>" in shown and "<strong>Nairobi</strong>" in shown
    assert 'property="og:title" content="How we make shoes – Mkono"' in shown


def test_a_hidden_page_is_neither_linked_nor_shown(owner, shopper, app):
    save(owner, "/admin/pages/new", title="Secret plans", text="Soon.", active="")

    assert "Secret plans" not in shopper.get("/").text
    assert shopper.get("/pages/secret-plans").status_code == 404


def test_an_edit_keeps_the_address_and_a_deleted_page_is_gone(owner, shopper, app):
    with app.app_context():
        number = db.session.scalar(select(ContentPage.id).where(ContentPage.slug == "terms"))
    address = f"/admin/pages/{number}"

    assert save(owner, address, title="Our rules", text="Be kind.").status_code == 303
    assert "Be kind." in shopper.get("/pages/terms").text
    assert "Our rules" in shopper.get("/").text

    owner.post(f"{address}/delete", hidden_fields(owner.get(address).text, f"{address}/delete"))
    assert shopper.get("/pages/terms").status_code == 404
    assert owner.get(address).status_code == 404


def test_what_is_missing_is_said_and_what_was_typed_is_kept(owner, app):
    with app.app_context():
        before = db.session.scalar(select(func.count(ContentPage.id)))

    refused = save(owner, "/admin/pages/new", title="", text="A long text that must not be lost")

    assert refused.status_code == 422
    assert "Enter a title" in refused.text and "A long text that must not be lost" in refused.text
    with app.app_context():
        assert db.session.scalar(select(func.count(ContentPage.id))) == before
