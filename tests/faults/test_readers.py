"""Everything that reads typed text takes less than 50 ms for 100 KB of a text that was made to be slow.

Patterns, functions and forms are found in the modules of the shop, so that none can be forgotten.
"""

import ast
import importlib
import inspect
import pkgutil
import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from itertools import permutations
from pathlib import Path
from time import thread_time
from types import FunctionType, ModuleType

from werkzeug.datastructures import MultiDict

import shop
from shop.accounts.forms import ChangePasswordForm, InvitationForm, PasswordForm
from shop.admin.catalog.category_views import CategoryForm
from shop.admin.payments.forms import RefundForm
from shop.catalog.back_in_stock_views import BackInStockForm
from shop.catalog.models import Product
from shop.orders.review_views import ReviewForm
from shop.payments import models
from shop.web.base_form import BaseForm
from tests.conftest import SECRET
from tests.figures import size
from tests.malicious_input import STRINGS

ALLOWED = 0.050  # seconds
SIZES = (200, 2_000, 20_000, 100_000)  # what takes too long for less is not tried with more
CHARACTERS = "0a A-,.@_'\"=<&\n\t\u0301\u200b\U0001f9fa"
PIECES = ("KSH 1,", "1,000", "SKA1B2C3D4 ", "a@a.", "a-", "- ", "0712345678 ", "24/11/26 AT ", "[{", '{"a":', "%20")
WAYS = "fullmatch|match|search|findall|finditer|split|sub"
# Functions with one text that nobody typed, or that write.
NOT_TYPED = {
    *("shop.accounts.audit_log.audit", "shop.accounts.audit_log.audit_only", "shop.accounts.two_factor._app"),
    *("shop.accounts.two_factor.setup_key", "shop.accounts.cli._normalised", "shop.catalog.stock.record_stock_move"),
    *("shop.accounts.password_policy._without_rows", "shop.accounts.one_time_links.withdraw_links"),
    *("shop.admin.catalog.image_views._back", "shop.admin.sales.delivery_area_views._done", "shop.config._is_weak"),
    *("shop.admin.payments.action_views.back_to_order", "shop.admin.payments.action_views._resolve_page"),
    *("shop.admin.orders.fulfilment_views._state_of", "shop.catalog.images.serving.remove", "shop.config._split"),
    *("shop.catalog.images.serving.touch", "shop.config._is_loopback", "shop.payments.callback_intake._signer"),
}
# Readers with more arguments than the text.
ARGUMENTS = {
    "shop.accounts.password_policy.weakness": ("owner@example.com", "Njeri", "Mkono"),
    "shop.chpter.text.one_line": (200,),
    "shop.chpter.payment_link.safe_link": (("https", "chpter.co", 443), (".chpter.co",)),
    "shop.chpter.sandbox.request_validation.read_session_request": ("http://localhost",),
    "shop.chpter.failure_reasons.reason_of": ("MPESA",),
    "shop.chpter.failure_reasons.plain_words": ("MPESA",),
    "shop.payments.callback_intake.token_of": ([SECRET],),
    "shop.payments.callback_intake.secret_of_token": ([SECRET],),
    "shop.catalog.queries.search": ("", 1),
}
FORM_ARGUMENTS: dict[type, tuple[object, ...]] = {
    CategoryForm: (None,),
    BackInStockForm: (Product(variants=[]),),
    RefundForm: (1000,),
    ReviewForm: (1,),
    **dict.fromkeys((PasswordForm, InvitationForm, ChangePasswordForm), ("owner@example.com", "Njeri")),
}


def must_be_quick(readers: dict[str, tuple[Callable[[str], object], str]], at_least: int) -> str:
    """Fail if a reader is slow, or if fewer than so many were found: how many there are and the slowest time."""
    took = {name: slowest(read, characters) for name, (read, characters) in readers.items()}
    assert {name: worst for name, worst in took.items() if worst[0] >= ALLOWED} == {}
    assert len(took) > at_least
    return f"{len(took)} {{}}, the slowest {max(took.values())[0] * 1000:.0f} ms"


def slowest(read: Callable[[str], object], characters: str) -> tuple[float, str]:
    """The longest time, and the text that took it. The short form tries every third text."""
    pairs = ("".join(pair) for pair in permutations(characters[:6], 2))
    worst = (0.0, "")
    for text in [*characters, *pairs, *PIECES, *STRINGS[:8]][:: size(3, 1)]:
        for length in SIZES:
            took = best(partial(read, (text * (length // len(text) + 1))[:length] + "!"))
            worst = max(worst, (took, f"{text[:20]!r} x {length}"))
            if took >= ALLOWED:
                return worst
    return worst


def best(work: Callable[[], object]) -> float:
    """The shortest processor time of four tries; it ends at the first that is clearly quick or slow."""
    took = []
    for _ in range(4):
        began = thread_time()
        with suppress(Exception):  # the text may be refused
            work()
        took.append(thread_time() - began)
        if took[-1] < ALLOWED or took[-1] > 10 * ALLOWED:
            break
    return min(took)


def modules() -> list[ModuleType]:
    return [importlib.import_module(found.name) for found in pkgutil.walk_packages(shop.__path__, "shop.")]


def patterns() -> dict[tuple[str, int], set[str]]:
    """Every regular expression of the shop, (pattern, flags), with the ways it is used."""
    sources = {module: Path(str(module.__file__)).read_text() for module in modules()}
    found: dict[tuple[str, int], set[str]] = defaultdict(set)
    for module, source in sources.items():
        for way, literal, line in re.findall(rf'\bre\.({WAYS})\(\s*(r?"(?:[^"\\\n]|\\.)*")(?=([^\n]*))', source):
            flag = re.IGNORECASE if "re.IGNORECASE" in line else re.ASCII if "re.ASCII" in line else re.NOFLAG
            found[ast.literal_eval(literal), flag].add(way)
        for literal in re.findall(r'\bRegexp\((r?"(?:[^"\\\n]|\\.)*")', source):
            found[ast.literal_eval(literal), re.NOFLAG].add("match")
        for name, one in vars(module).items():
            if isinstance(one, re.Pattern):
                ways = {way for text in sources.values() for way in re.findall(rf"\b{name}\.({WAYS})\(", text)}
                found[one.pattern, one.flags & ~re.UNICODE] |= ways or set(WAYS.split("|"))
    return found


def functions(app) -> Iterator[tuple[str, Callable[[str], object]]]:
    """Every function that reads a text, and how each route recognises its address."""
    views = {inspect.unwrap(view) for view in app.view_functions.values()}
    for module in modules():
        yield from ((f"{module.__name__}: {name}", one) for name, one in getattr(module, "READERS", {}).items())
        for name, one in vars(module).items():
            full = f"{module.__name__}.{name}"
            if not isinstance(one, FunctionType) or one.__module__ != module.__name__ or inspect.unwrap(one) in views:
                continue
            parameters = inspect.signature(one, eval_str=True, locals=vars(models)).parameters.values()
            needed = [
                it for it in parameters if it.default is it.empty and it.kind not in (it.VAR_KEYWORD, it.VAR_POSITIONAL)
            ]
            kind = needed[0].annotation if needed else None
            single = len(needed) == 1 and kind in (str, str | None, bytes) and full not in NOT_TYPED
            if single or full in ARGUMENTS:
                more = ARGUMENTS.get(full, ())
                yield (
                    full,
                    lambda text, one=one, kind=kind, more=more: one(text.encode() if kind is bytes else text, *more),
                )
    adapter = app.url_map.bind("localhost")
    for rule in app.url_map.iter_rules():
        if rule.arguments:
            yield rule.rule, lambda text, rule=rule: adapter.match(re.sub("<[^>]+>", lambda _: text, rule.rule))


def forms(kind: type[BaseForm] = BaseForm) -> list[type[BaseForm]]:
    """Every form."""
    below = [one for sub in kind.__subclasses__() for one in (sub, *forms(sub))]
    return list(dict.fromkeys(one for one in below if one.__module__.startswith("shop.")))


def test_every_pattern_is_linear(reached):
    readers = {}
    for (pattern, flags), ways in patterns().items():
        compiled = re.compile(pattern, flags)
        letters = re.sub(r"\\[a-zA-Z]|[\\^$()|?*+{}\[\]]", "", pattern)
        characters = "".join(dict.fromkeys(letters + CHARACTERS))[:40]
        for way in ways:
            use = partial(compiled.sub, "") if way == "sub" else getattr(compiled, way)
            readers[f"{way} {pattern}"] = (lambda text, use=use: list(use(text) or ""), characters)

    reached("Patterns with 100 KB made to be slow", must_be_quick(readers, 75).format("uses"))


def test_every_reader_is_quick(app, reached):
    with app.test_request_context():
        words = must_be_quick({name: (read, CHARACTERS) for name, read in functions(app)}, 150)

    reached("Readers of typed text with 100 KB", words.format("functions"))


def test_every_field_of_every_form_is_quick(app, reached):
    app.config["WTF_CSRF_ENABLED"] = False
    readers = {}
    with app.test_request_context(method="POST") as here:
        for kind in forms():
            arguments = FORM_ARGUMENTS.get(kind, ())
            for name in kind(*arguments)._fields:

                def read(text: str, kind=kind, name=name, arguments=arguments) -> None:
                    here.request.form = MultiDict({name: text})
                    kind(*arguments).validate()

                readers[f"{kind.__name__}.{name}"] = (read, CHARACTERS)
        words = must_be_quick(readers, 60)

    reached("Form fields with 100 KB", words.format("fields"))
