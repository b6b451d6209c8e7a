"""No unused imports, macros or CSS classes in templates, style sheets and scripts."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from jinja2 import Environment, nodes

ROOT = Path(__file__).parents[2]
SANDBOX = ROOT / "shop/chpter/sandbox"


@dataclass(frozen=True)
class Site:
    """Pages with shared style sheets: the folders of templates, static files and Python modules."""

    templates: Path
    static: Path
    modules: Path

    def trees(self) -> dict[str, nodes.Template]:
        """The parsed templates, by the name they are imported under."""
        files = [path for path in self.templates.rglob("*") if path.is_file()]
        return {path.relative_to(self.templates).as_posix(): Environment().parse(path.read_text()) for path in files}

    def pages(self) -> str:
        return text_of(self.templates, "*.html") + text_of(self.static, "*.js") + text_of(self.modules, "*.py")

    def selectors(self) -> set[str]:
        """The classes that a script looks for."""
        return set(re.findall(r"""["' ]\.([a-z][\w-]*)""", text_of(self.static, "*.js")))

    def styled(self) -> set[str]:
        css = re.sub(r"/\*.*?\*/|url\(.*?\)", "", text_of(self.static, "*.css"), flags=re.DOTALL)
        return set(re.findall(r"\.([a-z][\w-]*)", css))


def text_of(folder: Path, pattern: str) -> str:
    return "\n".join(path.read_text() for path in sorted(folder.rglob(pattern)))


def imported(tree: nodes.Template) -> Iterator[tuple[str, str, str]]:
    """Each `{% from template import macro as name %}`, as (template, macro, name)."""
    for found in tree.find_all(nodes.FromImport):
        assert isinstance(found.template, nodes.Const)
        for name in found.names:
            macro, alias = (name, name) if isinstance(name, str) else name
            yield found.template.value, macro, alias


def read(tree: nodes.Template) -> set[str]:
    return {name.name for name in tree.find_all(nodes.Name) if name.ctx == "load"}


def classes(pages: str) -> tuple[set[str], set[str]]:
    """The classes in class="..." and className = "...": those written whole, and the starts that data completes.

    A start ends in "--" or "__", like the one in class="badge badge--{{ state.tone }}".
    """
    found: set[str] = set()
    for value in re.findall(r'\b(?:class=|className = )"([^"]*)"', pages):
        without_conditions = re.sub(r"\{%.*?%\}|[!=]= '[^']*'", "", value)
        for plain, expression in re.findall(r"([^{]*)(?:\{\{(.*?)\}\})?", without_conditions):
            for ending in re.findall(r"'([^']*)'", expression) or [""]:
                found.update((plain + ending).split())
    starts = {name for name in found if name.endswith(("--", "__"))}
    return found - starts, starts


def is_completed(name: str, starts: set[str], pages: str) -> bool:
    """True if data can make this class of a start: the ending is a number, or a quoted word in a page or module."""
    endings = [name.removeprefix(start) for start in starts if name.startswith(start)]
    return any(ending.isdigit() or re.search(rf"""["' ]{ending}["' ]""", pages) for ending in endings)


both_sites = pytest.mark.parametrize(
    "site",
    [
        pytest.param(Site(ROOT / "templates", ROOT / "static", ROOT / "shop"), id="shop"),
        pytest.param(Site(SANDBOX / "templates", SANDBOX / "static", SANDBOX), id="sandbox"),
    ],
)


@both_sites
def test_a_template_uses_every_name_that_it_imports(site):
    trees = site.trees()

    unused = {name: {alias for *_, alias in imported(tree)} - read(tree) for name, tree in trees.items()}

    assert {name: names for name, names in unused.items() if names} == {}


@both_sites
def test_every_macro_is_called_or_imported(site):
    trees = site.trees()
    defined = {(name, macro.name) for name, tree in trees.items() for macro in tree.find_all(nodes.Macro)}
    called = {(name, word) for name, tree in trees.items() for word in read(tree)}
    asked_for = {(template, macro) for tree in trees.values() for template, macro, _ in imported(tree)}

    assert defined - called - asked_for == set()


@both_sites
def test_every_class_on_a_page_is_styled_or_selected_by_a_script(site):
    written, starts = classes(site.pages())
    styled = site.styled()

    assert written - styled - site.selectors() == set()
    assert {start for start in starts if not any(name.startswith(start) for name in styled)} == set()


@both_sites
def test_every_styled_class_is_on_a_page_or_selected_by_a_script(site):
    pages = site.pages()
    written, starts = classes(pages)
    unwritten = site.styled() - written - site.selectors()

    assert {name for name in unwritten if not is_completed(name, starts, pages)} == set()
