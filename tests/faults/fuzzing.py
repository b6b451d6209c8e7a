"""Hostile requests by the thousand, drawn from a seed, and the check of what comes back.

A request is printed whole when its answer is wrong, and the same seed draws the same requests again.
"""

import io
import json
import random
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import SplitResult, quote_from_bytes, unquote_to_bytes, urlsplit

from flask import Flask
from werkzeug.routing import Rule
from werkzeug.test import run_wsgi_app
from werkzeug.wrappers import Response

from tests.faults.forms_served import Form, forms_on
from tests.faults.hostile_values import COLUMNS, CONTENT_TYPES, HEADERS, VALUES, catalogue_file
from tests.faults.inhabited import WHO, Inhabited
from tests.malicious_input import check_cells, check_harmless

METHODS = ("GET", "POST", "HEAD", "OPTIONS", "PUT", "DELETE", "PATCH", "TRACE", "BREW")
MARKS = re.compile(rb"hostile|canary|(?<!\d)50337(?!\d)", re.IGNORECASE)
NAMES = ("q", "page", "next", "sort", "before", "after", "state", "since", "until", "id", "x[]", "a.b", "__class__")
Watching = Callable[[str, str, str, bytes], None]  # who asked, the path, the kind of the answer, and its body


@dataclass(frozen=True)
class Shot:
    """One request. `path` and `query` are as they stand in a request line, header values in Latin-1."""

    who: str
    method: str
    path: str
    query: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    cookie: str = ""

    def environ(self) -> dict[str, Any]:
        """The request as a web server hands it to the application."""
        environ: dict[str, Any] = {
            "REQUEST_METHOD": self.method,
            "SCRIPT_NAME": "",
            "PATH_INFO": unquote_to_bytes(self.path).decode("latin-1"),
            "QUERY_STRING": self.query,
            "SERVER_NAME": "localhost",
            "SERVER_PORT": "80",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "HTTP_HOST": "localhost",
            "REMOTE_ADDR": "127.0.0.1",
            "CONTENT_LENGTH": str(len(self.body)),
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(self.body),
            "wsgi.errors": io.StringIO(),
            "wsgi.multithread": False,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
        }
        if self.cookie:
            environ["HTTP_COOKIE"] = self.cookie
        for name, value in self.headers.items():
            key = name.upper().replace("-", "_")
            environ[key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}"] = value
        return environ

    def __str__(self) -> str:
        headers = "".join(f"\n  {name}: {value[:200]!r}" for name, value in self.headers.items())
        return f"as {self.who}: {self.method} {self.path[:300]}?{self.query[:300]}{headers}\n  {self.body[:600]!r}"


@dataclass
class Fired:
    """What a programme did, and what it found wrong."""

    count: int = 0
    statuses: Counter[int] = field(default_factory=Counter)
    reflected: int = 0  # answers that showed something of what was sent, as text
    wrong: list[str] = field(default_factory=list)


class Fuzz:
    """Draws requests at an inhabited shop and sends them. `only`: nothing but this route; `watch` sees every answer."""

    def __init__(self, shop: Inhabited, seed: int, only: str = "", watch: Watching | None = None) -> None:
        self.shop, self.seed, self.only, self.watch = shop, seed, only, watch
        self.app: Flask = shop.app
        self.draw = random.Random(seed)
        self.forms: dict[str, list[Form]] = {who: list(self._forms(who)) for who in WHO}
        self.names = sorted({name for forms in self.forms.values() for form in forms for name in form.names} | {*NAMES})
        self.targets = self._targets()

    def _forms(self, who: str) -> Iterator[Form]:
        """Every form somebody is served, once for each place it leads to with these names."""
        seen = set()
        browser = self.shop.visitors[who].browser
        for address in (*self.shop.addresses(), "/search?q=kiondo", "/admin/?q=1", "/admin/products?q=kiondo"):
            reply = browser.get(address, buffered=True)
            if reply.mimetype != "text/html" or reply.status_code != 200:
                continue
            for form in forms_on(reply.text, address):
                key = (form.action, form.method, form.names)
                if key not in seen:
                    seen.add(key)
                    yield form

    def _targets(self) -> list[tuple[str, Rule | Form, str]]:
        """All there is to aim at: every route by every method for everybody, every field of every form."""
        rules = [rule for rule in self.app.url_map.iter_rules() if self.only in ("", rule.endpoint)]
        ways = [(rule, way) for rule in rules for way in (*sorted(rule.methods or ()), self.draw.choice(METHODS))]
        aims: list[tuple[str, Rule | Form, str]] = [(who, rule, way) for who in WHO for rule, way in ways]
        if not self.only:
            fields = [(who, form, name) for who in WHO for form in self.forms[who] for name in form.names]
            aims += fields * max(1, len(aims) // max(1, len(fields)))  # as many shots at forms as at bare routes
        self.draw.shuffle(aims)
        return aims

    def shots(self, count: int) -> Iterator[Shot]:
        """So many requests, the targets in turn."""
        for number in range(count):
            who, target, part = self.targets[number % len(self.targets)]
            yield self._at_form(who, target, part) if isinstance(target, Form) else self._at_route(who, target, part)

    def fire(self, count: int) -> Fired:
        """Send so many; what came of it."""
        fired = Fired()
        for number, shot in enumerate(self.shots(count)):
            leads = self._send(shot, number, fired)
            while leads and shot.method == "POST":  # what a form leads to shows what was made of it
                shot = Shot(shot.who, "GET", leads.path, leads.query, cookie=self.shop.cookie(shot.who))
                self._send(shot, number, fired)
        return fired

    def about(self) -> str:
        """What it aims at, in words."""
        rules = len({rule.rule for rule in self.app.url_map.iter_rules()})
        forms = sum(len(forms) for forms in self.forms.values())
        fields = sum(len(form.names) for forms in self.forms.values() for form in forms)
        return f"{rules} routes, {fields:,} fields of {forms} forms, as {len(WHO)} visitors"

    def _send(self, shot: Shot, number: int, fired: Fired) -> SplitResult | None:
        """Send one; where it leads, if it was taken."""
        fired.count += 1
        try:
            reply = Response(*run_wsgi_app(self.app, shot.environ(), buffered=True))
            fired.reflected += check(reply, shot)
            fired.statuses[reply.status_code] += 1
            if self.watch and not reply.headers.get("Content-Encoding") and reply.mimetype.startswith("text/"):
                self.watch(shot.who, shot.path, reply.mimetype, reply.get_data())
        except Exception as error:  # whatever it is, it is one more that is wrong
            fired.wrong.append(f"seed {self.seed}, request {number}: {type(error).__name__}: {error}\n{shot}")
            return None
        where = urlsplit(reply.headers.get("Location", ""))
        if where.path.startswith("/admin/sign-in"):
            self._mend(shot.who)
        return where if reply.status_code == 303 and not where.netloc else None

    def _mend(self, who: str) -> None:
        """Whoever was signed out by what came before sits down again."""
        visitor = self.shop.visitors[who]
        if who in WHO[2:] and visitor.browser.get("/admin/").status_code != 200:
            self.shop.sit_down()

    def _value(self) -> bytes:
        value = self.draw.choice(VALUES)
        return value if self.draw.random() < 0.9 else value + self.draw.choice(VALUES)[:2000]

    def _at_route(self, who: str, rule: Rule, method: str) -> Shot:
        def fill(found: re.Match[str]) -> str:
            name = found[1].rpartition(":")[2]
            if self.draw.random() < 0.4:
                return self.draw.choice(self.shop.values(rule.rule, name))
            return quote_from_bytes(self._value()[:5000], safe=self.draw.choice(("", "/.:@%")))

        path = re.sub(r"<([^>]+)>", fill, rule.rule)
        sent = [
            (self.draw.choice(self.names), self._value(), self.draw.random() < 0.1)
            for _ in range(self.draw.randint(0, 4))
        ]
        return self._shot(who, method, path, sent if method not in ("GET", "HEAD") else [])

    def _at_form(self, who: str, form: Form, aimed: str) -> Shot:
        sent: list[tuple[str, bytes, bool]] = []
        for name, value, is_file in form.fields:
            plain = name == "csrf_token" and aimed != name
            if name == aimed or (not plain and self.draw.random() < 0.05):
                sent += self._spoiled(name, value.encode(), is_file)
            else:
                sent.append((name, value.encode(), is_file))
        query = [(name, value, False) for name, value, _ in sent] if form.method == "GET" else []
        return self._shot(who, form.method, form.action, [] if query else sent, query)

    def _spoiled(self, name: str, value: bytes, is_file: bool) -> list[tuple[str, bytes, bool]]:
        hostile = self._value()
        if is_file and self.draw.random() < 0.5:
            hostile = catalogue_file(self.draw.randrange(len(COLUMNS)), hostile)
        ways = [
            [(name, hostile, is_file)],
            [(name, hostile, is_file)],
            [(name, hostile, is_file)],
            [(name, value + hostile, is_file)],
            [(name, value, is_file), (name, hostile, is_file)],
            [(name, hostile, is_file)] * 30,
            [(f"{name}[]", hostile, is_file), (f"{name}[0][x]", value, is_file)],
            [(name, hostile, not is_file)],
            [],
        ]
        return self.draw.choice(ways)

    def _shot(self, who: str, method: str, path: str, sent: list[Any], query: list[Any] | None = None) -> Shot:
        headers: dict[str, str] = {}
        if self.draw.random() < 0.25:
            for name in self.draw.sample(sorted(HEADERS), self.draw.randint(1, 3)):
                headers[name] = self.draw.choice(HEADERS[name]).encode().decode("latin-1")
        query = query or []
        if self.draw.random() < 0.25:
            query += [
                (self.draw.choice(self.names), self._value()[:3000], False) for _ in range(self.draw.randint(1, 3))
            ]
        body, kind = self._body(sent)
        if kind and "Content-Type" not in headers:
            headers["Content-Type"] = kind
        if kind == "application/json":
            headers["X-CSRFToken"] = next(
                (value.decode("latin-1") for name, value, _ in sent if name == "csrf_token"), ""
            )
        if sent and self.draw.random() < 0.08:
            headers["Content-Type"] = self.draw.choice(CONTENT_TYPES)
        cookie = headers.pop("Cookie", self.shop.cookie(who))
        return Shot(who, method, path, _urlencoded(query).decode(), headers, body, cookie)

    def _body(self, sent: list[tuple[str, bytes, bool]]) -> tuple[bytes, str]:
        if not sent:
            return b"", ""
        kind = self.draw.random()
        if any(is_file for _, _, is_file in sent) or kind < 0.15:
            boundary = f"----{self.draw.getrandbits(64):x}"
            return _multipart(sent, boundary, self.draw.choice(VALUES)), f"multipart/form-data; boundary={boundary}"
        if kind < 0.2:
            return self._json(sent), "application/json"
        return _urlencoded(sent), "application/x-www-form-urlencoded"

    def _json(self, sent: list[tuple[str, bytes, bool]]) -> bytes:
        """The fields as an object whose values are of every kind, or no object at all."""
        if self.draw.random() < 0.3:
            return self._value()
        kinds = (1, -1.5, None, True, [], {}, [[]], {"x": 1})
        return json.dumps(
            {
                name: value.decode("latin-1") if self.draw.random() < 0.5 else self.draw.choice(kinds)
                for name, value, _ in sent
            }
        ).encode()


def _urlencoded(sent: list[Any]) -> bytes:
    pairs = (f"{quote_from_bytes(name.encode())}={quote_from_bytes(value, safe='')}" for name, value, _ in sent)
    return "&".join(pairs).encode()


def _multipart(sent: list[tuple[str, bytes, bool]], boundary: str, file_name: bytes) -> bytes:
    parts = []
    for name, value, is_file in sent:
        named = (
            b'; filename="' + file_name[:300].replace(b"\r\n", b"%0D%0A") + b'"\r\nContent-Type: image/png'
            if is_file
            else b""
        )
        parts.append(
            b'--%s\r\nContent-Disposition: form-data; name="%s"%s\r\n\r\n%s\r\n'
            % (boundary.encode(), name.encode(), named, value)
        )
    return b"".join((*parts, b"--%s--\r\n" % boundary.encode()))


def check(reply: Response, shot: Shot) -> bool:
    """Fail where an answer is a fault, leads elsewhere, or makes more of a text than text; whether it shows any."""
    assert reply.status_code < 500, reply.status
    for name, value in reply.headers:
        assert "X-Hostile" not in name and not re.search(r"[\r\n\0]", value), f"{name}: {value}"
    where = urlsplit(reply.headers.get("Location", ""))
    assert where.hostname in (None, "localhost", "127.0.0.1"), f"leads to {where.hostname}"
    assert where.scheme in ("", "http", "https") and not re.match(r"[/\\]{2}", where.path), f"leads to {where}"
    body = reply.get_data()
    if reply.headers.get("Content-Encoding") or not body or not MARKS.search(body):
        return False
    if reply.mimetype == "text/html" and reply.status_code // 100 != 3:
        check_harmless(body.decode(), shot.path)
        assert not re.search(rb"""(href|action|src)=["']?(https?:)?//hostile""", body), (
            "an address of the page leads elsewhere"
        )
    elif reply.mimetype == "text/csv":
        check_cells(body.decode(), shot.path)
    return True
