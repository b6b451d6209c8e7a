"""Lists that are leafed through, and what an address says of where in them one is."""

import re
from dataclasses import dataclass

LARGEST_ID = 2**31 - 1  # that a column holds


@dataclass(frozen=True)
class Page:
    """One page of a list of `total` rows; components/product_list.html makes the ways to the others."""

    number: int
    total: int
    per_page: int

    @property
    def pages(self) -> int:
        """How many there are, at least 1."""
        return max(1, -(-self.total // self.per_page))

    @property
    def start(self) -> int:
        """How many rows come before it."""
        return (self.number - 1) * self.per_page

    @property
    def has_prev(self) -> bool:
        """Whether there is a page before this one."""
        return self.number > 1

    @property
    def has_next(self) -> bool:
        """Whether there is a page after this one."""
        return self.number < self.pages


def paginate(asked: int, total: int, per_page: int) -> Page:
    """The page asked for, or the nearest there is."""
    return Page(min(max(1, asked), Page(1, total, per_page).pages), total, per_page)


def page_arg(typed: str) -> int:
    """The number of a page out of an address; 1 for anything else."""
    return int(typed) if re.fullmatch(r"[0-9]{1,9}", typed) else 1


def id_arg(typed: str) -> int | None:
    """The key of a row out of an address, such as the one a list goes on behind; None for what no row can have."""
    return int(typed) if re.fullmatch(r"[0-9]{1,10}", typed) and int(typed) <= LARGEST_ID else None
