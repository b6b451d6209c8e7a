"""Hostile requests to every route and every field of every form, as every kind of visitor.

No answer is a 5xx, leads to another site, or contains what was sent as more than text; and none tells a secret. A
request is printed whole when its answer is wrong, and the same seed draws the same requests again.
"""

import io
import json
import random
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter
from typing import Any
from urllib.parse import quote_from_bytes, unquote_to_bytes, urlsplit

import pytest
from werkzeug.routing import Rule
from werkzeug.test import EnvironBuilder, run_wsgi_app
from werkzeug.wrappers import Response

from tests import both_databases
from tests.faults import leaks
from tests.faults.hostile_values import COLUMNS, CONTENT_TYPES, HEADERS, VALUES, catalogue_file
from tests.figures import size
from tests.filled_shop import NOBODY, WHO, Inhabited
from tests.forms_served import Form, forms_on
from tests.malicious_input import check_cells, check_harmless

SEED = 20261124
METHODS = ("GET", "POST", "HEAD", "OPTIONS", "PUT", "DELETE", "PATCH", "TRACE", "BREW")
MARKS = re.compile(rb"hostile|canary|(?<!\d)50337(?!\d)", re.IGNORECASE)
ELSEWHERE = re.compile(rb"""(href|action|src)=["']?(https?:)?//hostile""")
NAMES = ("q", "page", "next", "sort", "before", "after", "state", "since", "until", "id", "x[]", "a.b", "__class__")
URLENCODED = "application/x-www-form-urlencoded"
PRIVATE_WORDS = ("722 987 651", "722987651", "unlogged@", "Unlogged", "Unloggable", "Unnotable")
SHOWN_ONCE = ("TOTP secret", "recovery code")  # on the page that sets two-factor codes up
Field = tuple[str, bytes, bool]  # name, value, whether it is a file


@dataclass(frozen=True)
class Request:
    """One request. `path` and `query` are as in a request line, header values in Latin-1."""

    who: str
    method: str
    path: str
    query: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    cookie: str = ""

    def environ(self) -> dict[str, Any]:
        """The request as a web server hands it to the application."""
        environ = EnvironBuilder(method=self.method, input_stream=io.BytesIO(self.body)).get_environ()
        environ |= {"PATH_INFO": unquote_to_bytes(self.path).decode("latin-1"), "QUERY_STRING": self.query}
        environ |= {"REMOTE_ADDR": "127.0.0.1", "CONTENT_LENGTH": str(len(self.body))}
        if self.cookie:
            environ["HTTP_COOKIE"] = self.cookie
        for name, value in self.headers.items():
            key = name.upper().replace("-", "_")
            environ[key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}"] = value
        return environ

    def __str__(self) -> str:
        headers = "".join(f"\n  {name}: {value[:200]!r}" for name, value in self.headers.items())
        return f"as {self.who}: {self.method} {self.path[:300]}?{self.query[:300]}{headers}\n  {self.body[:600]!r}"


class Fuzz:
    """Draws requests to an inhabited shop, sends them and checks the answers."""

    def __init__(self, shop: Inhabited) -> None:
        self.shop, self.app, self.draw = shop, shop.app, random.Random(SEED)
        self.rules = list(shop.app.url_map.iter_rules())
        self.forms = {who: list(self._forms(who)) for who in WHO}
        self.fields = [(who, form, name) for who in WHO for form in self.forms[who] for name in form.names]
        self.names = sorted({name for _, _, name in self.fields} | {*NAMES})
        ways = [(rule, way) for rule in self.rules for way in (*sorted(rule.methods or ()), self.draw.choice(METHODS))]
        self.targets: list[tuple[str, Rule | Form, str]] = [(who, rule, way) for who in WHO for rule, way in ways]
        self.targets += self.fields * (len(self.targets) // len(self.fields))  # as many at forms as at bare routes
        self.draw.shuffle(self.targets)
        self.secrets = Secrets(shop)
        self.statuses: Counter[int] = Counter()
        self.reflected = 0  # answers that showed something of what was sent, as text
        self.wrong: list[str] = []

    def _forms(self, who: str) -> Iterator[Form]:
        """Every form that a visitor is served, once for each address with these names."""
        seen = set()
        for address in (*self.shop.addresses(), "/search?q=kiondo", "/admin/?q=1", "/admin/products?q=kiondo"):
            reply = self.shop.visitors[who].browser.get(address, buffered=True)
            if reply.mimetype == "text/html" and reply.status_code == 200:
                for form in forms_on(reply.text, address):
                    key = (form.action, form.method, form.names)
                    if key not in seen:
                        seen.add(key)
                        yield form

    def run(self, count: int) -> None:
        """Send this many requests, the targets in turn, and open the pages that forms lead to."""
        for number in range(count):
            who, target, part = self.targets[number % len(self.targets)]
            request = (self._to_form if isinstance(target, Form) else self._to_route)(who, target, part)
            leads_to = self._send(request, number)
            while leads_to and request.method == "POST":
                path, _, query = leads_to.partition("?")
                request = Request(who, "GET", path, query, cookie=self.shop.cookie(who))
                self._send(request, number)

    def _send(self, request: Request, number: int) -> str:
        """Send one; the address that the answer leads to."""
        try:
            reply = Response(*run_wsgi_app(self.app, request.environ(), buffered=True))
            self.reflected += check(reply, request)
            self.secrets.look(request, reply)
        except Exception as error:
            self.wrong.append(f"request {number}: {type(error).__name__}: {error}\n{request}")
            return ""
        self.statuses[reply.status_code] += 1
        location = reply.headers.get("Location", "")
        if urlsplit(location).path.startswith("/admin/sign-in") and not self.shop.is_signed_in(request.who):
            self.shop.sign_in()
        return location if reply.status_code == 303 and not urlsplit(location).netloc else ""

    def _value(self) -> bytes:
        value = self.draw.choice(VALUES)
        return value if self.draw.random() < 0.9 else value + self.draw.choice(VALUES)[:2000]

    def _to_route(self, who: str, rule: Rule, method: str) -> Request:
        def fill(found: re.Match[str]) -> str:
            if self.draw.random() < 0.4:
                return self.draw.choice(self.shop.values(rule.rule, found[1].rpartition(":")[2]))
            return quote_from_bytes(self._value()[:5000], safe=self.draw.choice(("", "/.:@%")))

        path = re.sub(r"<([^>]+)>", fill, rule.rule)
        fields = [(self.draw.choice(self.names), self._value(), self.draw.random() < 0.1) for _ in range(4)]
        return self._request(
            who, method, path, fields[: self.draw.randint(0, 4)] if method not in ("GET", "HEAD") else []
        )

    def _to_form(self, who: str, form: Form, aimed: str) -> Request:
        sent: list[Field] = []
        for name, value, is_file in form.fields:
            spoil = name == aimed or (name != "csrf_token" and self.draw.random() < 0.05)
            sent += self._spoiled(name, value.encode(), is_file) if spoil else [(name, value.encode(), is_file)]
        if form.method == "GET":
            return self._request(who, "GET", form.action, [], sent)
        return self._request(who, form.method, form.action, sent)

    def _spoiled(self, name: str, value: bytes, is_file: bool) -> list[Field]:
        hostile = self._value()
        if is_file and self.draw.random() < 0.5:
            hostile = catalogue_file(self.draw.randrange(len(COLUMNS)), hostile)
        field = (name, hostile, is_file)
        more = [
            *([(name, value + hostile, is_file)], [(name, value, is_file), field], [field] * 30, []),
            *([(f"{name}[]", hostile, is_file), (f"{name}[0][x]", value, is_file)], [(name, hostile, not is_file)]),
        ]
        return self.draw.choice([[field], [field], [field], *more])

    def _request(
        self, who: str, method: str, path: str, sent: list[Field], query: list[Field] | None = None
    ) -> Request:
        headers: dict[str, str] = {}
        if self.draw.random() < 0.25:
            for name in self.draw.sample(sorted(HEADERS), self.draw.randint(1, 3)):
                headers[name] = self.draw.choice(HEADERS[name]).encode().decode("latin-1")
        query = query or []
        if self.draw.random() < 0.25:
            query += [
                (self.draw.choice(self.names), self._value()[:3000], False) for _ in range(self.draw.randint(1, 3))
            ]
        body, content_type = self._body(sent)
        if content_type:
            headers.setdefault("Content-Type", content_type)
        if content_type == "application/json":
            headers["X-CSRFToken"] = {name: value for name, value, _ in sent}.get("csrf_token", b"").decode("latin-1")
        if sent and self.draw.random() < 0.08:
            headers["Content-Type"] = self.draw.choice(CONTENT_TYPES)
        cookie = headers.pop("Cookie", self.shop.cookie(who))
        return Request(who, method, path, _urlencoded(query).decode(), headers, body, cookie)

    def _body(self, sent: list[Field]) -> tuple[bytes, str]:
        if not sent:
            return b"", ""
        kind = self.draw.random()
        if any(is_file for _, _, is_file in sent) or kind < 0.15:
            boundary = f"----{self.draw.getrandbits(64):x}"
            return _multipart(sent, boundary, self.draw.choice(VALUES)), f"multipart/form-data; boundary={boundary}"
        if kind > 0.2:
            return _urlencoded(sent), URLENCODED
        if self.draw.random() < 0.3:
            return self._value(), "application/json"
        others = (1, -1.5, None, True, [], {}, [[]], {"x": 1})
        pairs = {name: self.draw.choice((value.decode("latin-1"), self.draw.choice(others))) for name, value, _ in sent}
        return json.dumps(pairs).encode(), "application/json"


def _urlencoded(sent: list[Field]) -> bytes:
    pairs = (f"{quote_from_bytes(name.encode())}={quote_from_bytes(value, safe='')}" for name, value, _ in sent)
    return "&".join(pairs).encode()


def _multipart(sent: list[Field], boundary: str, file_name: bytes) -> bytes:
    file = b'; filename="%s"\r\nContent-Type: image/png' % file_name[:300].replace(b"\r\n", b"%0D%0A")
    head = b'--%s\r\nContent-Disposition: form-data; name="%s"%s\r\n\r\n%s\r\n'
    edge = boundary.encode()
    parts = [head % (edge, name.encode(), file if is_file else b"", value) for name, value, is_file in sent]
    return b"".join((*parts, b"--%s--\r\n" % edge))


def check(reply: Response, request: Request) -> bool:
    """Fail if an answer is wrong; whether it shows something of what was sent."""
    assert reply.status_code < 500, reply.status
    for name, value in reply.headers:
        assert "X-Hostile" not in name and not re.search(r"[\r\n\0]", value), f"{name}: {value}"
    where = urlsplit(reply.headers.get("Location", ""))
    assert where.hostname in (None, "localhost", "127.0.0.1"), f"leads to {where.hostname}"
    assert where.scheme in ("", "http", "https") and not re.match(r"[/\\]{2}", where.path), f"leads to {where}"
    body = reply.get_data()
    if reply.headers.get("Content-Encoding") or not MARKS.search(body):
        return False
    if reply.mimetype == "text/html" and reply.status_code // 100 != 3:
        check_harmless(body.decode(), request.path)
        assert not ELSEWHERE.search(body), "an address of the page leads elsewhere"
    elif reply.mimetype == "text/csv":
        check_cells(body.decode(), request.path)
    return True


class Secrets:
    """Searches everything that leaves an inhabited shop."""

    def __init__(self, shop: Inhabited) -> None:
        self.shop, known = shop, shop.known
        self.found: list[str] = []
        self.searched: Counter[str] = Counter()
        cookies = [shop.cookie(who).removeprefix("session=") for who in shop.visitors]
        callbacks = known["callback_token"]
        self.keys = [*callbacks, *(token.partition(".")[0] for token in callbacks), *filter(None, cookies)]
        links = ("order_token", "invited_token", "password_token", "draft_token")
        self.all = [*self.keys, *(token for name in links for token in known[name])]

    def look(self, request: Request, reply: Response) -> None:
        """No key in any answer; no buyer's details for a visitor without the link of the order."""
        if reply.headers.get("Content-Encoding") or not reply.mimetype.startswith("text/"):
            return
        shown = SHOWN_ONCE if request.path == "/admin/account/two-factor" else ()
        kinds = {name: kind for name, kind in leaks.KEYS.items() if name not in shown}
        stranger = request.who == NOBODY and not any(token in request.path for token in self.shop.known["order_token"])
        export = reply.mimetype == "text/csv"
        known = [*(self.all if export else self.keys), *(PRIVATE_WORDS if stranger else ())]
        self.searched["exports" if export else "pages"] += 1
        hits = leaks.found_in([reply.get_data().decode(errors="replace")], kinds, known)
        self.found += [f"{request.path} as {request.who}: {hit}" for hit in hits]

    def look_at_emails_and_lines(self, lines: list[str]) -> None:
        for email in leaks.emails_in(self.shop.folder):
            self.searched["mails"] += 1
            self.found += leaks.found_in([leaks.text_of(email)], leaks.KEYS, self.keys)
        self.found += leaks.found_in(lines, leaks.NOT_IN_LOGS, self.all)


@both_databases
def test_no_hostile_request_breaks_a_page_or_comes_back_as_more_than_text(app, provider, settings, reached):
    shop = Inhabited(app, provider, Path(settings["INSTANCE_PATH"]))
    began = perf_counter()
    with leaks.Lines() as lines:
        fuzz = Fuzz(shop)
        fuzz.run(size(1_500, 20_000))
        shop.send_mails()
    count, found = fuzz.statuses.total(), fuzz.secrets.searched
    rate = count / (perf_counter() - began)
    fuzz.secrets.look_at_emails_and_lines(lines.all)

    if fuzz.wrong:
        pytest.fail(f"{len(fuzz.wrong)} wrong, {dict(fuzz.statuses)}\n\n" + "\n\n".join(fuzz.wrong[:12]))
    assert {200, 303, 400, 404, 405, 422} <= set(fuzz.statuses), fuzz.statuses
    assert fuzz.reflected > size(20, 200), "hardly anything hostile came back: the requests do not reach the pages"
    forms = sum(map(len, fuzz.forms.values()))
    reached(
        "Hostile requests to every route and form",
        f"0 of 5xx and 0 unescaped in {count:,}: {len({rule.rule for rule in fuzz.rules})} routes, "
        f"{len(fuzz.fields):,} fields of {forms} forms, as {len(WHO)} visitors; {fuzz.reflected:,} answers showed what "
        f"was sent, as text; {rate:,.0f} a second",
    )
    assert fuzz.secrets.found == []
    assert min(found["mails"], found["exports"]) >= size(3, 10)
    assert found["pages"] > count / 2
    reached(
        "Secrets in what the hostile requests left",
        f"0 in {len(lines.all):,} log lines, {found['pages']:,} pages, {found['mails']} mails, "
        f"{found['exports']} exports",
    )
