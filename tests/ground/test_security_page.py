"""The pages about security name tests and documents that are there, and leave out nothing of the standard."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = ("security.md", "asvs.md")
PATH = re.compile(r"`([\w/.-]+\.(?:py|md))`")
LINK = re.compile(r"\]\(([^)#]+\.md)(?:#[^)]*)?\)")
# OWASP ASVS 5.0.0: with how many requirements of levels 1 and 2 each section begins; those of level 3 come last
COUNTS = {
    **{"1.1": 2, "1.2": 9, "1.3": 11, "1.4": 3, "1.5": 2, "2.1": 3, "2.2": 3, "2.3": 4, "2.4": 1},
    **{"3.2": 2, "3.3": 4, "3.4": 6, "3.5": 5, "3.7": 2, "4.1": 3, "4.2": 1, "4.3": 2, "4.4": 4},
    **{"5.1": 1, "5.2": 3, "5.3": 2, "5.4": 3, "6.1": 3, "6.2": 12, "6.3": 4, "6.4": 4, "6.5": 5, "6.6": 3, "6.8": 4},
    **{"7.1": 3, "7.2": 4, "7.3": 2, "7.4": 5, "7.5": 2, "7.6": 2, "8.1": 2, "8.2": 3, "8.3": 1, "8.4": 1},
    **{"9.1": 3, "9.2": 4, "10.1": 2, "10.2": 2, "10.3": 4, "10.4": 11, "10.5": 5, "10.6": 2, "10.7": 3},
    **{"11.1": 2, "11.2": 3, "11.3": 3, "11.4": 4, "11.5": 1, "11.6": 1, "12.1": 3, "12.2": 2, "12.3": 4},
    **{"13.1": 1, "13.2": 5, "13.3": 2, "13.4": 5, "14.1": 2, "14.2": 4, "14.3": 3, "15.1": 3, "15.2": 3, "15.3": 7},
    **{"16.1": 1, "16.2": 5, "16.3": 4, "16.4": 3, "16.5": 3, "17.1": 1, "17.2": 4, "17.3": 2},
}
REQUIREMENTS = [f"{section}.{number}" for section, count in COUNTS.items() for number in range(1, count + 1)]


def missing(text: str) -> list[str]:
    """What a page in docs/ names that is not there. Tests may be named from tests/."""
    named = [(path, (ROOT, ROOT / "tests")) for path in PATH.findall(text)]
    named += [(path, (DOCS,)) for path in LINK.findall(text)]
    return sorted({path for path, places in named if not any((place / path).is_file() for place in places)})


def left_out(text: str) -> list[str]:
    """The chapters and requirements that a page does not name."""
    chapters = [f"V{number}" for number in range(1, 18)]
    return [name for name in (*chapters, *REQUIREMENTS) if not re.search(rf"(?<![\w.]){re.escape(name)}(?![\w])", text)]


@pytest.mark.parametrize("page", PAGES)
def test_every_test_and_document_named_is_there(page):
    text = (DOCS / page).read_text()

    assert missing(text) == []
    assert len(set(PATH.findall(text))) > 50


def test_every_requirement_of_both_levels_is_answered():
    assert len(REQUIREMENTS) == 253
    assert left_out((DOCS / "asvs.md").read_text()) == []
