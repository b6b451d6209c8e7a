"""Addresses of all routes, for tests that request each of them."""

from collections.abc import Iterator, Mapping
from typing import Any

from flask import Flask
from werkzeug.routing import IntegerConverter, Rule

KNOWN = {
    "slug": "kiondo-classic",
    "filename": "img/logo.svg",
    "name": "site.css",
    "number": "1",
    "token": "no-such-token",
}


def routes(app: Flask, method: str = "GET", under: str = "/") -> Iterator[Rule]:
    """Every route with this method, sorted by address."""
    found = (
        rule for rule in app.url_map.iter_rules() if method in (rule.methods or ()) and rule.rule.startswith(under)
    )
    yield from sorted(found, key=lambda rule: rule.rule)


def address_of(app: Flask, rule: Rule, known: Mapping[str, Any] | None = None) -> str:
    """A route's address with the variables in `known`; other numbers are 1 and other texts "x"."""
    values = {}
    for variable in rule.arguments:
        number = isinstance(rule._converters[variable], IntegerConverter)
        values[variable] = {**KNOWN, **(known or {})}.get(variable, 1 if number else "x")
        if number and not isinstance(values[variable], int):
            values[variable] = 1
    return app.url_map.bind("localhost").build(rule.endpoint, values)
