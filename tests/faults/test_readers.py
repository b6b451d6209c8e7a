"""Whatever reads a text takes little time over 100 KB of one that was made to take much."""

import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from itertools import permutations
from time import thread_time

from werkzeug.datastructures import MultiDict

from shop.accounts.forms import ChangePasswordForm, InvitationForm, PasswordForm
from shop.admin.catalog.category_views import CategoryForm
from shop.admin.payments.forms import RefundForm
from tests.faults import readers
from tests.faults.figures import size
from tests.malicious_input import STRINGS

PATTERNS = "Patterns with 100 KB made to be slow"
READERS = "Readers of typed text with 100 KB"
FIELDS = "Form fields with 100 KB"
ALLOWED = 0.050  # seconds
LONG = 100_000  # characters
SIZES = (200, 2_000, 20_000, LONG)  # what takes too long over less need not be tried with more
GENERAL = "0a A-,.@_'\"=<&\n\t\u0301\u200b\U0001f9fa"
ARGUMENTS: dict[type, tuple[object, ...]] = {
    CategoryForm: (None,),
    RefundForm: (1000,),
    **dict.fromkeys((PasswordForm, InvitationForm, ChangePasswordForm), ("owner@example.com", "Njeri")),
}


def best(work: Callable[[], object], times: int = 4) -> float:
    """The least processor time it took; the first time that is little enough is believed."""
    took = []
    for _ in range(times):
        began = thread_time()
        with suppress(Exception):  # refused: how, is for other tests
            work()
        took.append(thread_time() - began)
        if took[-1] < ALLOWED or took[-1] > 10 * ALLOWED:
            break
    return min(took)


def slowest(read: Callable[[str], object], characters: str = GENERAL) -> tuple[float, str]:
    """The longest it took over any text of these characters, and over which. The short form tries every third."""
    worst = (0.0, "")
    for text in list(texts(characters))[:: size(3, 1)]:
        for length in SIZES:
            made = (text * (length // len(text) + 1))[:length] + "!"
            took = best(partial(read, made))
            worst = max(worst, (took, f"{text[:20]!r} x {length}"))
            if worst[0] >= ALLOWED:
                return worst
    return worst


def texts(characters: str) -> Iterator[str]:
    """Each character over and over, some in turns, and whatever harms elsewhere."""
    yield from characters
    yield from ("".join(pair) for pair in permutations(characters[:6], 2))
    yield from (
        "KSH 1,",
        "1,000",
        "SKA1B2C3D4 ",
        "a@a.",
        "a-",
        "- ",
        "0712345678 ",
        "24/11/26 AT ",
        "[{",
        '{"a":',
        "%20",
    )
    yield from STRINGS[:8]


def characters_of(pattern: str) -> str:
    """The characters a pattern speaks of, and some it does not."""
    return "".join(dict.fromkeys(re.sub(r"\\[a-zA-Z]|[\\^$()|?*+{}\[\]]", "", pattern) + GENERAL))[:40]


def used(pattern: re.Pattern[str], way: str) -> Callable[[str], object]:
    """A pattern used in one way."""
    if way == "sub":
        return partial(pattern.sub, "")
    return (lambda text: list(pattern.finditer(text))) if way == "finditer" else getattr(pattern, way)


def test_every_pattern_is_linear(reached):
    found = readers.patterns()
    took = {}
    for (pattern, flags), ways in found.items():
        compiled = re.compile(pattern, flags)
        for way in ways:
            took[f"{way} {pattern}"] = slowest(used(compiled, way), characters_of(pattern))

    slow = {name: worst for name, worst in took.items() if worst[0] >= ALLOWED}
    assert len(found) > 50
    assert slow == {}
    reached(PATTERNS, f"{len(took)} uses, the slowest {max(took.values())[0] * 1000:.0f} ms")


def test_every_reader_is_quick(app, reached):
    took = {}
    with app.test_request_context():
        for name, read, of_bytes in readers.functions(app):
            took[name] = slowest((lambda text, read=read: read(text.encode())) if of_bytes else read)

    slow = {name: worst for name, worst in took.items() if worst[0] >= ALLOWED}
    assert len(took) > 50
    assert slow == {}
    reached(READERS, f"{len(took)} functions, the slowest {max(took.values())[0] * 1000:.0f} ms")


def test_every_field_of_every_form_is_quick(app, reached):
    app.config["WTF_CSRF_ENABLED"] = False
    took = {}
    with app.test_request_context(method="POST") as here:
        for kind in readers.forms():
            for name in kind(*ARGUMENTS.get(kind, ()))._fields:

                def read(text: str, kind=kind, name=name) -> None:
                    here.request.form = MultiDict({name: text})
                    kind(*ARGUMENTS.get(kind, ())).validate()

                took[f"{kind.__name__}.{name}"] = slowest(read)

    slow = {name: worst for name, worst in took.items() if worst[0] >= ALLOWED}
    assert len(took) > 60
    assert slow == {}
    reached(FIELDS, f"{len(took)} fields, the slowest {max(took.values())[0] * 1000:.0f} ms")
