"""Examples the tests of the wire format share."""

import time
from collections.abc import Callable
from pathlib import Path

from shop.chpter import ChpterClient, Customer, SessionRequest

FIXTURES = Path(__file__).parent.parent / "fixtures" / "chpter"
TOKEN = "chpter_pk_0123456789abcdef"
CALLBACK_URL = "http://127.0.0.1:8000/chpter/callbacks/secret-7d1f"


def documented(name: str) -> bytes:
    """A payload of the provider, word for word."""
    return (FIXTURES / f"{name}.json").read_bytes()


def session_request(**changes: object) -> SessionRequest:
    """The documented example of a session request, with `changes`."""
    values: dict[str, object] = {
        "order_id": 123,
        "customer": Customer("John Doe", "254700123123", "johndoe@mail.com", "Nairobi"),
        "delivery_fee": 0,
        "discount_fee": 0,
        "total": 100,
        "success_url": "http://127.0.0.1:8000/orders/token",
        "failed_url": "http://127.0.0.1:8000/orders/token",
        "callback_url": CALLBACK_URL,
    }
    return SessionRequest(**{**values, **changes})  # type: ignore[arg-type]


def client_for(url: str, **options: object) -> ChpterClient:
    """A client that waits a second at most, and sends buyers to chpter.co and its subdomains."""
    options = {"deadline": 1.0, "connect_timeout": 0.5, **options}
    return ChpterClient(url, TOKEN, "https://www.example.co.ke", [".chpter.co"], **options)  # type: ignore[arg-type]


def eventually(condition: Callable[[], bool], seconds: float = 3.0) -> bool:
    """Whether `condition` comes true within `seconds`."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.01)
    return condition()
