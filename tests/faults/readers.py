"""Everything of the shop that reads what anybody typed, found in its modules, so that none can be forgotten.

Patterns are found in the source, with the ways they are used; functions by their signature; forms by their class.
"""

import ast
import importlib
import inspect
import pkgutil
import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

from flask import Flask

import shop
from shop.payments import models
from shop.web.base_form import BaseForm

WAYS = ("fullmatch", "match", "search", "findall", "finditer", "split", "sub")
TEXTS = (str, str | None, bytes)

# Functions that take one text which nobody typed, or that write: each with the reason why it is no reader.
NO_READERS = {
    "shop.accounts.audit_log.audit": "writes the log",
    "shop.accounts.audit_log.audit_only": "writes the log",
    "shop.admin.payments.action_views.back_to_order": "of a page already found",
    "shop.admin.payments.action_views._resolve_page": "a page",
    "shop.admin.orders.fulfilment_views._state_of": "a page",
    "shop.accounts.two_factor.setup_key": "our own secret",
    "shop.accounts.two_factor._app": "our own secret",
    "shop.accounts.cli._normalised": "the owner's own terminal",
    "shop.accounts.password_policy._without_rows": "of a password already found to be short",
    "shop.accounts.one_time_links.withdraw_links": "writes",
    "shop.admin.catalog.image_views._back": "of a page already found",
    "shop.admin.sales.delivery_area_views._done": "our own words",
    "shop.catalog.images.serving.remove": "writes",
    "shop.catalog.images.serving.touch": "writes",
    "shop.catalog.stock.record_stock_move": "writes",
    "shop.config._is_weak": "a setting",
    "shop.config._is_loopback": "a setting",
    "shop.config._split": "a setting",
    "shop.payments.callback_intake._signer": "our own key",
}
# Readers that want more than a text: with what.
WITH: dict[str, tuple[Any, ...]] = {
    "shop.accounts.password_policy.weakness": ("owner@example.com", "Njeri", "Mkono"),
    "shop.chpter.text.one_line": (200,),
    "shop.chpter.payment_link.safe_link": (("https", "chpter.co", 443), (".chpter.co",)),
    "shop.chpter.sandbox.request_validation.read_session_request": ("http://localhost",),
    "shop.chpter.failure_reasons.reason_of": ("MPESA",),
    "shop.chpter.failure_reasons.plain_words": ("MPESA",),
    "shop.payments.callback_intake.token_of": (["a-key-for-tests-only-0123456789abcdef"],),
    "shop.payments.callback_intake.secret_of_token": (["a-key-for-tests-only-0123456789abcdef"],),
    "shop.catalog.queries.search": ("", 1),
}


def modules() -> Iterator[ModuleType]:
    """Every module of the shop."""
    for found in pkgutil.walk_packages(shop.__path__, "shop."):
        yield importlib.import_module(found.name)


def functions(app: Flask) -> Iterator[tuple[str, Callable[[Any], object], bool]]:
    """Every function that reads a text: its name, itself, and whether it reads bytes."""
    views = {inspect.unwrap(view) for view in app.view_functions.values()}
    for module in modules():
        for name, one in vars(module).items():
            if not isinstance(one, FunctionType) or one.__module__ != module.__name__ or inspect.unwrap(one) in views:
                continue
            full = f"{module.__name__}.{name}"
            wanted = [
                it
                for it in inspect.signature(one, eval_str=True, locals=vars(models)).parameters.values()
                if it.default is it.empty
            ]
            wanted = [it for it in wanted if it.kind is not it.VAR_KEYWORD and it.kind is not it.VAR_POSITIONAL]
            if full in WITH:
                yield full, lambda text, one=one, full=full: one(text, *WITH[full]), wanted[0].annotation is bytes
            elif len(wanted) == 1 and wanted[0].annotation in TEXTS and full not in NO_READERS:
                yield full, one, wanted[0].annotation is bytes
        for name, one in getattr(module, "READERS", {}).items():
            yield f"{module.__name__}: {name}", one, False
    yield from _of_routes(app)


def _of_routes(app: Flask) -> Iterator[tuple[str, Callable[[Any], object], bool]]:
    """How each route looks for itself in an address."""
    adapter = app.url_map.bind("localhost")
    for rule in app.url_map.iter_rules():
        if rule.arguments:
            yield rule.rule, lambda text, rule=rule: adapter.match(re.sub("<[^>]+>", lambda _: text, rule.rule)), False


def forms() -> list[type[BaseForm]]:
    """Every form."""

    def under(kind: type[BaseForm]) -> list[type[BaseForm]]:
        return [kind, *(below for one in kind.__subclasses__() for below in under(one))]

    return [
        kind for kind in dict.fromkeys(under(BaseForm)) if kind.__module__.startswith("shop.") and kind is not BaseForm
    ]


def patterns() -> dict[tuple[str, int], set[str]]:
    """Every regular expression in the source, compiled or not, with the ways it is used: (pattern, flags) to ways."""
    used: dict[str, set[str]] = defaultdict(set)
    found: dict[tuple[str, int], set[str]] = defaultdict(set)
    named: dict[str, re.Pattern[str]] = {}
    for module in modules():
        tree = ast.parse(Path(str(module.__file__)).read_text())
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                if isinstance(node.func.value, ast.Name) and node.func.value.id == "re":
                    _note(node, module, found)
                elif node.func.attr in WAYS and isinstance(node.func.value, ast.Name | ast.Attribute):
                    used[ast.unparse(node.func.value).rpartition(".")[2]].add(node.func.attr)
            elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Regexp":
                found[str(ast.literal_eval(node.args[0])), 0].add("match")
        named |= {name: one for name, one in vars(module).items() if isinstance(one, re.Pattern)}
    for name, one in named.items():
        found[one.pattern, one.flags & ~re.UNICODE] |= used.get(name) or set(WAYS)
    return found


def _note(node: ast.Call, module: ModuleType, found: dict[tuple[str, int], set[str]]) -> None:
    way = node.func.attr if isinstance(node.func, ast.Attribute) else ""
    if way not in WAYS:
        return
    flags = [word.value for word in node.keywords if word.arg == "flags"] + [
        it for it in node.args[2:] if "re." in ast.unparse(it)
    ]
    pattern = _value(node.args[0], module)
    if isinstance(pattern, str):
        found[pattern, int(_value(flags[0], module)) if flags else 0].add(way)


def _value(node: ast.expr, module: ModuleType) -> Any:
    """What an expression of a module's source is worth; None where only its function knows."""
    try:
        return eval(compile(ast.Expression(node), "pattern", "eval"), dict(vars(module)))
    except NameError:
        return None
