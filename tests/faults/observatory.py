"""The rules of the MDN HTTP Observatory, for one answer over https.

Source: github.com/mdn/mdn-http-observatory, the tests in src/analyzer/tests and the points in src/grader/charts.js.
Every site begins with 100 points; a fault costs, a virtue adds, and virtues count only from 90 points on.

Two virtues no application can give itself: a place on the browsers' own list of hosts (HSTS preload, 5), and, for an
answer that loads no script, hashes of its scripts (5). Opener and embedder policy (10 each) are tests of the newest
rules; release 1.5.0 has not got them, and gives 20 less.
"""

import re
from collections.abc import Iterable
from html.parser import HTMLParser

from werkzeug.datastructures import Headers

BROAD = {"ftp:", "http:", "https:", "*", "http://*", "http://*.*", "https://*", "https://*.*"}
INLINE = {"'unsafe-inline'", "data:"}
HALF_A_YEAR = 15_552_000
ENOUGH_FOR_VIRTUES = 90
PRIVATE = {"no-referrer", "same-origin", "strict-origin", "strict-origin-when-cross-origin"}
TELLING = {"origin", "origin-when-cross-origin", "unsafe-url", "no-referrer-when-downgrade"}


def points(headers: Headers, html: str = "") -> dict[str, int]:
    """What each rule takes or gives."""
    policy = _policy(headers)
    return {
        "content security policy": _content(policy),
        "cookies": _cookies(headers),
        "sharing across origins": -50 if headers.get("Access-Control-Allow-Credentials") == "true" else 0,
        "referrer": _referrer(headers),
        "transport security": _transport(headers),
        "integrity": _integrity(html),
        "content type": 0 if headers.get("X-Content-Type-Options", "").strip().lower() == "nosniff" else -5,
        "frames": _frames(headers, policy),
        "resource policy": _named(
            headers, "Cross-Origin-Resource-Policy", {"same-origin": 10, "same-site": 10, "cross-origin": 0}
        ),
        "opener policy": _named(headers, "Cross-Origin-Opener-Policy", {"same-origin": 10, "unsafe-none": 0}),
        "embedder policy": _named(headers, "Cross-Origin-Embedder-Policy", {"require-corp": 10, "unsafe-none": 0}),
    }


def score(headers: Headers, html: str = "") -> int:
    """The points of one answer."""
    each = points(headers, html).values()
    plain = 100 + sum(one for one in each if one < 0)
    return plain + sum(one for one in each if one > 0) if plain >= ENOUGH_FOR_VIRTUES else max(0, plain)


def _policy(headers: Headers) -> dict[str, set[str]]:
    """The directives of the Content-Security-Policy; of one written twice the first counts."""
    directives: dict[str, set[str]] = {}
    for policy in headers.getlist("Content-Security-Policy"):
        for directive in policy.split(";"):
            name, *sources = directive.split()
            directives.setdefault(name.lower(), {source.lower() for source in sources})
    return directives


def _content(policy: dict[str, set[str]]) -> int:
    if not policy:
        return -25
    default = policy.get("default-src", {"*"})
    script, style, objects = (policy.get(name, default) for name in ("script-src", "style-src", "object-src"))
    images = policy.get("img-src", default) | policy.get("media-src", default)
    active = script.union(*(sources for name, sources in policy.items() if name not in ("img-src", "media-src")))
    if script & (BROAD | INLINE) or objects & BROAD or _plain(active):
        return -20
    if "'unsafe-eval'" in script | style or _plain(images):
        return -10
    if style & (BROAD | INLINE):
        return 0
    return 10 if default == {"'none'"} else 5


def _plain(sources: Iterable[str]) -> bool:
    return any(source.startswith(("http:", "ftp:")) for source in sources)


def _cookies(headers: Headers) -> int:
    """The worst of the cookies this answer sets."""
    hsts, each = _transport(headers) >= 0, []
    for cookie in headers.getlist("Set-Cookie"):
        pair, *attributes = (part.strip() for part in cookie.split(";"))
        named = dict(attribute.lower().partition("=")[::2] for attribute in attributes)
        session = any(word in pair.partition("=")[0].lower() for word in ("sess", "login"))
        if "secure" not in named:
            each.append((-10 if session else -5) if hsts else (-40 if session else -20))
        if session and "httponly" not in named:
            each.append(-30)
        if "samesite" in named and named["samesite"] not in ("lax", "strict", "none"):
            each.append(-20)
        each.append(5 if "samesite" in named else 0)
    return min(each, default=0)


def _referrer(headers: Headers) -> int:
    said = headers.get("Referrer-Policy")
    if said is None:
        return 0
    known = [word for word in (part.strip().lower() for part in said.split(",")) if word in PRIVATE | TELLING]
    return 5 if known and known[-1] in PRIVATE else -5


def _transport(headers: Headers) -> int:
    age = re.search(r"(?:^|;)\s*max-age=([0-9]+)", headers.get("Strict-Transport-Security", ""), re.IGNORECASE)
    if not age or "," in headers["Strict-Transport-Security"]:
        return -20
    return 0 if int(age[1]) >= HALF_A_YEAR else -10


def _frames(headers: Headers, policy: dict[str, set[str]]) -> int:
    if policy.get("frame-ancestors"):
        return 5
    return 0 if headers.get("X-Frame-Options", "").strip().lower() in ("deny", "sameorigin") else -20


def _named(headers: Headers, name: str, worth: dict[str, int]) -> int:
    """A policy of one word: unknown words cost 5, none at all costs nothing."""
    said = headers.get(name)
    return 0 if said is None else worth.get(said.strip(), -5)


class _Scripts(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.all: list[dict[str, str | None]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "script":
            self.all.append(dict(attrs))


def _integrity(html: str) -> int:
    """Scripts of other hosts need a hash and https; our own may have one."""
    reader = _Scripts()
    reader.feed(html)
    worst = 0
    for script in reader.all:
        address, hashed = script.get("src") or "", bool(script.get("integrity"))
        if re.match(r"(http:)?//", address):
            worst = min(worst, -20 if hashed else -50)
        elif address.startswith("https://") and not hashed:
            worst = min(worst, -5)
    loaded = [script for script in reader.all if script.get("src")]
    return 5 if not worst and loaded and all(script.get("integrity") for script in loaded) else worst
