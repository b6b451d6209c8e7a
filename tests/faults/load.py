"""A mixed load on a shop that gunicorn serves: nine of ten look around, some fill a cart, a few pay."""

import http.client
import json
import random
import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from urllib.parse import urlencode, urlsplit

from tests.faults.provider import Provider
from tests.faults.serving import Served
from tests.shopper import ANSWERS, SKU, hidden_fields

LOOKS = (
    "/",
    "/?page=2",
    "/products/kiondo-classic",
    "/categories/baskets",
    "/search?q=kiondo",
    "/cart",
    "/static/img/logo.svg",
)
CALLERS = 4
PATIENCE = 60  # seconds


class Visitor:
    """A browser with its cookie, on connections of its own."""

    def __init__(self, served: Served, seen: Counter[int]) -> None:
        self.served, self.seen, self.cookie = served, seen, ""

    def ask(self, path: str, form: dict[str, str] | None = None, body: bytes = b"") -> tuple[int, str, str]:
        """One request, counted: its status, its page, and where it leads."""
        headers = {"Cookie": self.cookie} if self.cookie else {}
        if form is not None:
            body, headers["Content-Type"] = urlencode(form).encode(), "application/x-www-form-urlencoded"
        line = http.client.HTTPConnection("127.0.0.1", self.served.port, timeout=PATIENCE)
        try:
            line.request("POST" if body else "GET", path, body or None, headers)
            reply = line.getresponse()
            page = reply.read().decode(errors="replace")
        finally:
            line.close()
        if cookie := reply.headers.get("Set-Cookie", ""):
            self.cookie = cookie.partition(";")[0]
        self.seen[reply.status] += 1
        return reply.status, page, reply.headers.get("Location", "")


class Load:
    """Visitors of all kinds, a few at a time; `seen` are the answers they got."""

    def __init__(self, served: Served, provider: Provider, area: str) -> None:
        self.served, self.provider, self.area = served, provider, area
        self.seen: Counter[int] = Counter()
        self.paid: list[str] = []  # references
        self._pick = random.Random(11)
        self._phones = count(712_000_000)
        self._lock = threading.Lock()

    def go_on(self, visits: int) -> None:
        """So many visits more, 90 in a hundred to look, 8 to fill a cart, 2 to pay."""
        works: list[Callable[[], None]] = self._pick.choices([self._look, self._fill, self._pay], [90, 8, 2], k=visits)
        works[0] = self._pay
        with ThreadPoolExecutor(CALLERS) as callers:
            for done in [callers.submit(work) for work in works]:
                done.result()

    def _look(self) -> None:
        Visitor(self.served, self.seen).ask(self._pick.choice(LOOKS))

    def _fill(self) -> Visitor:
        visitor = Visitor(self.served, self.seen)
        visitor.ask("/cart/add", {"sku": SKU, "quantity": "1"})
        visitor.ask("/cart")
        return visitor

    def _pay(self) -> None:
        visitor = self._fill()
        _, page, _ = visitor.ask("/checkout")
        with self._lock:
            phone = f"0{next(self._phones)}"
        form = {**hidden_fields(page), **ANSWERS, "phone_number": phone, "area": self.area}
        _, _, back = visitor.ask("/checkout", {**form, "apply": "code"})
        _, page, _ = visitor.ask(back)
        _, _, link = visitor.ask("/checkout", {**form, **hidden_fields(page), "pay": "1"})
        self._call_back(link.rsplit("/", 1)[1])

    def _call_back(self, reference: str) -> None:
        asked = next(
            one.body for one in reversed(self.provider.requests) if one.body["amount"]["order_id"] == reference
        )
        heard = {
            "payment_method": "MPESA",
            "paid": "True",
            "response_status": 200,
            "order_id": reference,
            "message": "M-PESA Payment Successful",
            "amount": asked["amount"]["total"],
            "payment_status": "Payment complete.",
        }
        path = urlsplit(asked["redirect_urls"]["callback_url"]).path
        status, _, _ = Visitor(self.served, self.seen).ask(path, body=json.dumps(heard).encode())
        if status == 200:
            self.paid.append(reference)
