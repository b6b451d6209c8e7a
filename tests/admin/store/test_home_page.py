"""The home page that the owner arranges in sections."""

import io

import pytest
from sqlalchemy import delete, select, update

from shop.catalog.models import Category, Product
from shop.core.database import db
from shop.store.models import HomeSection, SectionKind
from tests.malicious_files import photo
from tests.shopper import hidden_fields


def sections(app) -> list[str]:
    """The kinds of the sections, from top to bottom."""
    with app.app_context():
        return list(db.session.scalars(select(HomeSection.kind).order_by(HomeSection.position)))


def add(owner, kind, **fields):
    """Add a section."""
    address = f"/admin/home-page/new/{kind}"
    form = hidden_fields(owner.get(address).text, address)
    return owner.post(address, {**form, "active": "1", **fields}, content_type="multipart/form-data")


@pytest.fixture
def empty(app):
    """A shop whose owner has arranged nothing."""
    with app.app_context():
        db.session.execute(delete(HomeSection))
        db.session.commit()


def test_without_sections_the_home_page_is_neutral(empty, app, owner, shopper):
    page = shopper.get("/").text

    assert "New in the shop" in page and "Categories" in page
    assert "img/hero.svg" not in page

    form = hidden_fields(owner.get("/admin/home-page").text, "/admin/home-page/arrange")
    owner.post("/admin/home-page/arrange", form)
    assert sections(app) == ["banner", "newest", "categories"]


def test_a_banner_shows_its_picture_words_and_button(owner, shopper):
    saved = add(
        owner,
        "banner",
        heading="Shoes for Eastleigh",
        text="Walk well.",
        button="See the shoes",
        link="/products",
        alt="A shelf of shoes",
        image=(io.BytesIO(photo()), "shelf.jpg"),
    )

    assert saved.status_code == 303
    page = shopper.get("/").text
    assert "Shoes for Eastleigh" in page and "Walk well." in page
    assert '<a class="button" href="/products">See the shoes</a>' in page
    assert 'alt="A shelf of shoes"' in page


@pytest.mark.parametrize("link", ["javascript:alert(1)", "//evil.example", "shoes", "data:text/html,x"])
def test_a_button_leads_to_a_page_only(owner, app, link):
    refused = add(owner, "banner", button="Go", link=link)

    assert refused.status_code == 422
    assert "must begin with / or https://" in refused.text


def test_sections_are_moved_hidden_and_removed(owner, app, shopper):
    assert sections(app) == ["banner", "newest", "categories"]
    with app.app_context():
        last = db.session.scalar(select(HomeSection.id).where(HomeSection.kind == "categories"))

    owner.post(
        f"/admin/home-page/{last}/up", hidden_fields(owner.get("/admin/home-page").text, f"/admin/home-page/{last}/up")
    )
    assert sections(app) == ["banner", "categories", "newest"]

    address = f"/admin/home-page/{last}"
    form = hidden_fields(owner.get(address).text, address)
    owner.post(address, {**form, "heading": "Ranges"}, content_type="multipart/form-data")
    assert "Ranges" not in shopper.get("/").text, "it was saved without the tick"

    owner.post(f"{address}/remove", hidden_fields(owner.get("/admin/home-page").text, f"{address}/remove"))
    assert sections(app) == ["banner", "newest"]


def test_featured_products_and_one_category_have_sections(owner, app, shopper):
    with app.app_context():
        db.session.execute(update(Product).where(Product.slug == "wool-rug").values(featured=True))
        number = db.session.scalar(select(Category.id).where(Category.slug == "bags"))
        db.session.execute(delete(HomeSection))
        db.session.commit()

    assert add(owner, SectionKind.CATEGORY).status_code == 422
    assert add(owner, SectionKind.CATEGORY, heading="For the road", category=str(number)).status_code == 303
    assert add(owner, SectionKind.FEATURED, heading="We love this").status_code == 303
    assert add(owner, SectionKind.FACTS, text="Returns in 7 days\nPay by M-PESA").status_code == 303
    assert add(owner, SectionKind.TEXT, heading="Who we are", text="Two **brothers**.").status_code == 303

    page = shopper.get("/").text
    assert "For the road" in page and "/products/leather-tote" in page
    assert "We love this" in page and "/products/wool-rug" in page
    assert "Returns in 7 days" in page and "<strong>brothers</strong>" in page
