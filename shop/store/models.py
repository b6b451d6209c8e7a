"""The parts of the storefront that the owner writes: sections of the home page, and content pages."""

from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from shop.core.database import Model


class SectionKind(StrEnum):
    """What a section of the home page shows."""

    BANNER = "banner"  # a picture, a headline, a line and a button
    FACTS = "facts"  # short facts, one for each line of its text
    NEWEST = "newest"  # the newest products
    FEATURED = "featured"  # the products that are marked as featured
    CATEGORY = "category"  # products of one category
    CATEGORIES = "categories"  # tiles of all categories
    TEXT = "text"  # a text with a picture


class HomeSection(Model):
    """A section of the home page, in the owner's order."""

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(12))  # a SectionKind
    position: Mapped[int]
    active: Mapped[bool] = mapped_column(default=True)
    heading: Mapped[str] = mapped_column(String(80), default="")
    text: Mapped[str] = mapped_column(Text, default="")  # markup in a text section, else plain lines
    image: Mapped[str] = mapped_column(String(120), default="")  # image path, or ""
    alt: Mapped[str] = mapped_column(String(200), default="")
    button: Mapped[str] = mapped_column(String(40), default="")  # its label, or ""
    link: Mapped[str] = mapped_column(String(200), default="")  # where the button leads
    demo: Mapped[bool] = mapped_column(default=False)  # of the demo shop: "Remove the demo" takes it out
    category_id: Mapped[int | None] = mapped_column(ForeignKey("category.id", ondelete="SET NULL"), index=True)

    __table_args__ = (
        CheckConstraint("kind IN ('banner','facts','newest','featured','category','categories','text')", name="kind"),
    )


class ContentPage(Model):
    """A page that the owner writes: delivery and returns, terms, questions and answers."""

    id: Mapped[int] = mapped_column(primary_key=True)
    slug: Mapped[str] = mapped_column(String(60), unique=True)
    title: Mapped[str] = mapped_column(String(80))
    text: Mapped[str] = mapped_column(Text)  # markup
    position: Mapped[int]
    active: Mapped[bool] = mapped_column(default=True)  # shown, and linked in the footer
    demo: Mapped[bool] = mapped_column(default=False)  # of the demo shop: "Remove the demo" takes it out
