"""The sections of the home page: the owner's, or a neutral default while there are none."""

from sqlalchemy import select

from shop.core.database import db
from shop.store.models import HomeSection, SectionKind

MAX_SECTIONS = 12
DEFAULT = (
    (SectionKind.BANNER, ""),
    (SectionKind.NEWEST, "New in the shop"),
    (SectionKind.CATEGORIES, "Categories"),
)


def home_sections() -> list[HomeSection]:
    """The sections to show, in the owner's order. If the owner has hidden all, there are none."""
    own = db.session.scalars(select(HomeSection).order_by(HomeSection.position, HomeSection.id)).all()
    return [section for section in own if section.active] if own else default_sections()


def default_sections() -> list[HomeSection]:
    """The sections of a shop whose owner has not arranged any."""
    return [
        HomeSection(
            kind=kind, heading=heading, position=place, active=True, text="", image="", alt="", button="", link=""
        )
        for place, (kind, heading) in enumerate(DEFAULT)
    ]
