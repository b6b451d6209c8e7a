"""What the sections of the home page show."""

from dataclasses import dataclass

from markupsafe import Markup

from shop.catalog import queries
from shop.catalog.queries import CategoryTile, ProductCard
from shop.store.markup import is_allowed_link, rendered
from shop.store.models import HomeSection, SectionKind

NEWEST_CARDS, OTHER_CARDS = 16, 8  # products at most, in the section of the newest and in others


@dataclass(frozen=True)
class ShownSection:
    """A section with its products, tiles or text."""

    section: HomeSection
    cards: list[ProductCard]
    tiles: list[CategoryTile]
    text: Markup

    @property
    def link(self) -> str:
        """Where its button leads; "" without a button."""
        allowed = bool(self.section.button) and is_allowed_link(self.section.link)
        return self.section.link if allowed else ""

    @property
    def lines(self) -> list[str]:
        """The lines of a section whose text is plain: banner and facts."""
        return [line.strip() for line in self.section.text.splitlines() if line.strip()]


def shown_sections(sections: list[HomeSection]) -> list[ShownSection]:
    """The sections that have something to show, in their order."""
    return [shown for shown in map(_shown, sections) if _has_content(shown)]


def _shown(section: HomeSection) -> ShownSection:
    kind = section.kind
    cards: list[ProductCard] = []
    if kind == SectionKind.NEWEST:
        cards = queries.newest(NEWEST_CARDS)
    elif kind == SectionKind.FEATURED:
        cards = queries.featured(OTHER_CARDS)
    elif kind == SectionKind.CATEGORY and section.category_id is not None:
        cards = queries.newest(OTHER_CARDS, section.category_id)
    tiles = queries.categories() if kind == SectionKind.CATEGORIES else []
    text = rendered(section.text) if kind == SectionKind.TEXT else Markup()
    return ShownSection(section, cards, tiles, text)


def _has_content(shown: ShownSection) -> bool:
    """Whether it has something to show: a section of products or tiles has none in an empty shop or category."""
    kind = shown.section.kind
    if kind in (SectionKind.NEWEST, SectionKind.FEATURED, SectionKind.CATEGORY):
        return bool(shown.cards)
    return bool(shown.tiles) if kind == SectionKind.CATEGORIES else True
