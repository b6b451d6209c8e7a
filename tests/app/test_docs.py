"""The documentation names files, functions, numbers and messages that exist."""

import ast
import re
from collections.abc import Iterator
from datetime import timedelta
from functools import cache
from importlib import import_module
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    *(page for page in sorted(ROOT.glob("docs/**/*.md")) if page.name != "proof.md"),
]
FENCE = re.compile(r"```.*?```", re.DOTALL)
CODE = re.compile(r"`([^`\n]+)`")
FILE = re.compile(r"([\w./-]+\.(?:py|html|txt|css|js|toml|md|mako|example))(?::(\w+))?")
BASES = (ROOT, ROOT / "tests")  # the security pages name tests by their path from tests/
EXPRESSION = re.compile(r"{{.*?}}|{%.*?%}|{#.*?#}", re.DOTALL)
UNITS = {"minute": 60, "hour": 3600, "day": 86400}
SPLIT = re.compile(r"\.\.\.|[0-9]+|(?<=[.?:]) ")  # a name, a number or a sum in a message; the end of a sentence


def page_text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def section(page: str, heading: str) -> str:
    return page.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]


def table_rows(text: str) -> Iterator[list[str]]:
    for line in text.splitlines():
        if line.startswith("|") and not re.fullmatch(r"[|: -]+", line):
            yield [cell.strip() for cell in line.strip().strip("|").split(" | ")]


@cache
def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


@cache
def names_in(path: Path) -> set[str]:
    """Every function, class, method and constant that a module defines."""
    found = set()
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            found.add(node.name)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found.add(node.id)
    return found


def text_of(node: ast.expr) -> str | None:
    """A string or f-string of the code; "..." stands for each value in it."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(str(part.value) if isinstance(part, ast.Constant) else "..." for part in node.values)
    return None


@cache
def texts_of_the_shop() -> str:
    """Every string of the code and every text of the templates, one a line."""
    texts = [
        text
        for path in sorted((ROOT / "shop").rglob("*.py"))
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.expr) and (text := text_of(node))
    ]
    for path in sorted((*(ROOT / "templates").rglob("*.*"), *(ROOT / "shop" / "chpter").rglob("*.html"))):
        template = path.read_text(encoding="utf-8")
        texts += re.findall(r'"([^"]*)"', " ".join(EXPRESSION.findall(template)))
        texts.append(re.sub(r"<[^>]*>", " ", EXPRESSION.sub("...", template)))
    return "\n".join(plain(text) for text in texts)


def plain(text: str) -> str:
    return " ".join(text.replace("’", "'").replace("&nbsp;", " ").split())


def fragments(message: str) -> list[str]:
    return [piece for part in SPLIT.split(plain(message)) if len(piece := part.strip(" .:,()")) > 3]


def raised_texts(path: Path, errors: set[str]) -> list[str]:
    """The texts with which a module raises these errors."""
    return [
        text
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.Call)
        and ast.unparse(node.func).rpartition(".")[2] in errors
        and node.args
        and (text := text_of(node.args[0]))
    ]


def anchors_in(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings}


def test_every_file_and_function_that_is_named_exists():
    missing = []
    for page in PAGES:
        for code in CODE.findall(FENCE.sub("", page.read_text(encoding="utf-8"))):
            named = FILE.fullmatch(code)
            if named is None or code.startswith(("instance/", "/")):
                continue
            name, function = named.groups()
            path = next((base / name for base in BASES if (base / name).is_file()), None)
            if path is None or (function and function not in names_in(path)):
                missing.append(f"{page.relative_to(ROOT)}: {code}")

    assert missing == []


def test_every_link_between_pages_leads_to_a_file_and_a_heading():
    broken = []
    for page in PAGES:
        for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8")):
            name, _, anchor = target.partition("#")
            path = page.parent / name if name else page
            if "://" not in target and not (path.is_file() and (not anchor or anchor in anchors_in(path))):
                broken.append(f"{page.relative_to(ROOT)}: {target}")

    assert broken == []


def test_the_tree_lists_exactly_the_modules_of_the_shop():
    tree = re.search(r"```text\nshop/\n(.*?)```", page_text("docs/architecture.md"), re.DOTALL)
    assert tree
    folders, listed = ["shop"], []
    for line in tree[1].splitlines():
        depth, (name, _, remark) = (len(line) - len(line.lstrip())) // 2, line.strip().partition(" ")
        assert remark.strip(), f"{name} has no remark"
        del folders[depth:]
        folders.append(name.rstrip("/"))
        if name.endswith(".py"):
            listed.append("/".join(folders))
    modules = [str(path.relative_to(ROOT)) for path in (ROOT / "shop").rglob("*.py") if path.name != "__init__.py"]

    assert sorted(listed) == sorted([*modules, "shop/__init__.py"])


@pytest.mark.parametrize(
    "row", list(table_rows(section(page_text("docs/architecture.md"), "Limits")))[1:], ids=lambda row: row[0]
)
def test_every_limit_is_the_constant_it_names(row):
    _, value, place = row
    path, _, name = place.strip("`").partition(":")
    number, _, unit = value.partition(" ")
    constant = getattr(import_module(path.removesuffix(".py").replace("/", ".")), name)
    seconds = constant.total_seconds() if isinstance(constant, timedelta) else constant

    assert seconds == float(number) * UNITS.get(unit.rstrip("s"), 1)


def test_every_quoted_snippet_is_in_the_file_it_names():
    page, missing = page_text("docs/integration.md"), []
    snippets = list(re.finditer(r"```python\n(.*?)```", page, re.DOTALL))
    for snippet in snippets:
        if snippet[1].startswith("#"):  # an application of its own
            continue
        source = re.findall(r"`(shop/[\w/]+\.py)", page[: snippet.start()])[-1]
        code = iter([line.strip() for line in page_text(source).splitlines()])
        lines = [line.strip() for line in snippet[1].splitlines() if line.strip() not in ("", "...")]
        missing += [f"{source}: {line}" for line in lines if line not in code]  # `in` reads on: the order counts

    assert len(snippets) > 2
    assert missing == []


def test_every_message_that_is_listed_is_in_the_code():
    page, known = page_text("docs/errors.md"), texts_of_the_shop()
    missing = []
    for table in re.findall(r"(?:^\|.*\n)+", page, re.MULTILINE):
        head, *rows = table_rows(table)
        for column in [place for place, title in enumerate(head) if title in ("title", "words")]:
            for message in [one for row in rows for one in row[column].split(" / ")]:
                missing += [message for piece in fragments(message) if piece not in known]

    assert missing == []


@pytest.mark.parametrize(
    ("paths", "errors"),
    [
        ("shop/**/*.py", {"ConfigError", "ClickException", "ArchiveError"}),
        ("shop/**/*.py", {"AmountError", "CartProblem", "CodeError", "PhoneError"}),
        ("shop/checkout/*.py", {"DataRequired", "ValidationError"}),
        ("shop/orders/*.py", {"DataRequired", "ValidationError"}),
        ("shop/accounts/*.py", {"DataRequired", "ValidationError"}),
        ("shop/admin/payments/*.py", {"DataRequired", "ValidationError"}),
        ("shop/admin/store/*.py", {"DataRequired", "ValidationError"}),
    ],
)
def test_every_message_of_the_code_is_listed(paths, errors):
    page = plain(page_text("docs/errors.md"))
    messages = [text for path in sorted(ROOT.glob(paths)) for text in raised_texts(path, errors)]

    assert messages
    assert [text for text in messages if any(piece not in page for piece in fragments(text))] == []


def test_the_settings_of_the_readme_and_the_example_are_those_of_the_code():
    named = set(re.findall(r'ask\.\w+\("([A-Z_]+)"', page_text("shop/config.py")))
    example = set(re.findall(r"^([A-Z_]+)=", page_text(".env.example"), re.MULTILINE))
    readme = set(re.findall(r"`([A-Z_]+)`", section(page_text("README.md"), "Settings")))

    assert named <= example
    assert named <= readme
