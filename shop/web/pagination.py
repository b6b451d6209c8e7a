"""Pagination: pages of a list, and page numbers and ids in addresses."""

import re
from dataclasses import dataclass

MAX_ID = 2**31 - 1  # of an integer column


@dataclass(frozen=True)
class Page:
    """One page of a list of `total` rows, at least one page. components/product_list.html links to the others."""

    number: int
    total: int
    per_page: int

    @property
    def pages(self) -> int:
        """The number of pages, at least 1."""
        return max(1, -(-self.total // self.per_page))

    @property
    def start(self) -> int:
        """The number of rows before this page."""
        return (self.number - 1) * self.per_page

    @property
    def has_prev(self) -> bool:
        return self.number > 1

    @property
    def has_next(self) -> bool:
        return self.number < self.pages


def paginate(asked: int, total: int, per_page: int) -> Page:
    """The page asked for, or the nearest that exists."""
    return Page(min(max(1, asked), Page(1, total, per_page).pages), total, per_page)


def page_arg(typed: str) -> int:
    """A page number from an address; 1 for anything else."""
    return int(typed) if re.fullmatch(r"[0-9]{1,9}", typed) else 1


def id_arg(typed: str) -> int | None:
    """A row id from an address; None for anything else."""
    return int(typed) if re.fullmatch(r"[0-9]{1,10}", typed) and int(typed) <= MAX_ID else None
