"""What all tours walk with."""

from collections.abc import Callable, Iterator

from tests.journeys.visitor import Visitor

Tour = Callable[[Visitor], Iterator[str]]


def through(visitor: Visitor, places: dict[str, str]) -> Iterator[str]:
    """Pages that only need their address."""
    for name, path in places.items():
        visitor.open(path)
        yield name


def unfold(visitor: Visitor) -> None:
    """Open everything that is folded in the middle of the page."""
    visitor.page.evaluate("document.querySelectorAll('main details').forEach(folded => { folded.open = true; })")
