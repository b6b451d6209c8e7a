"""A callback at a wrongly joined address is settled like any other; a forged address is not found."""

import json
import re

import pytest

from shop.payments import callback_intake
from shop.payments.models import CallbackRecord
from tests import both_databases
from tests.shopper import SKU

JOINED = [
    "/chpter/callbacks/{token}/",
    "/chpter/callbacks/{token}//",
    "/chpter/callbacks/{token} ",
    "/chpter/callbacks/{token}\n",
    "/chpter/callbacks/{token}.",
    "/chpter/callbacks/{token};a=b",
    "/chpter/callbacks/{token}&x=1",
    "/chpter/callbacks/{token}/x",
    "/chpter/callbacks/{token}\0",
    "/chpter/callbacks/{token}=",
    "/chpter/callbacks//{token}",
    "/chpter//callbacks/{token}",
    "//chpter/callbacks/{token}",
    "/chpter/callbacks/ {token}",
    "/CHPTER/CALLBACKS/{token}",
    "/shop/chpter/callbacks/{token}",
    "/chpter/callbacks?{token}",
    "/chpter/callbacks/?token={token}&x=1",
    "/chpter/callbacks/{token}?order_id=7",
    "/chpter/callbacks/{token}?",
]


def token_in(bought) -> str:
    return bought.callback_path.rsplit("/", 1)[1]


def post(app, address: str, body: dict, method: str = "POST"):
    """Send it to the very path and query, as a server hands them over."""
    path, _, query = address.partition("?")
    raw = json.dumps(body).encode()
    environ = {"PATH_INFO": path, "QUERY_STRING": query}
    return app.test_client().open(
        "/", method=method, data=raw, content_type="application/json", environ_overrides=environ
    )


@both_databases
def test_a_callback_is_settled_however_its_address_was_joined(app, shopper, ledger):
    ledger.shelve(SKU, len(JOINED))
    for number, joined in enumerate(JOINED):
        bought = shopper.buy(phone_number=f"0712 345 {number:03}", email=f"buyer{number}@example.com")

        assert post(app, joined.format(token=token_in(bought)), bought.callback()).status_code == 200, joined
        assert bought.status["payment"] == "paid", joined


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
def test_a_callback_sent_by_put_or_patch_is_settled(app, shopper, method):
    bought = shopper.buy()

    assert post(app, bought.callback_path, bought.callback(), method).status_code == 200
    assert bought.status["payment"] == "paid"


def test_a_wrongly_joined_address_in_a_browser_redirects_to_the_order(app, shopper, ledger):
    bought = shopper.buy()

    reply = app.test_client().get(f"{bought.callback_path}&x=1")

    assert (reply.status_code, reply.headers["Location"]) == (303, bought.order_path)
    assert len(ledger.warnings(bought)) == 1


def test_a_callback_at_a_wrongly_joined_address_is_spooled_too(app, shopper, ledger):
    bought = shopper.buy()

    assert post(app, f"{bought.callback_path}/", {}).status_code == 200
    assert [kept.row for kept in ledger.callbacks(bought)] == ["R2"]


def test_forged_addresses_are_answered_alike_and_leave_nothing(app, shopper, ledger):
    from sqlalchemy import event

    from shop.core.database import db

    bought = shopper.buy()
    token = token_in(bought)
    forged = re.sub(r"^.", lambda first: "B" if first.group() == "A" else "A", token)
    many = "/".join(f"{'x' * 22}.{number:043}" for number in range(50))
    statements = []
    with app.app_context():
        event.listen(db.engine, "before_cursor_execute", lambda *args: statements.append(args[2]))

    answers = {
        (reply.status_code, reply.data)
        for reply in (
            *(post(app, joined.format(token=forged), bought.callback()) for joined in JOINED[:15]),
            post(app, f"/chpter/callbacks/{token}A", bought.callback()),
            post(app, f"/chpter/callbacks/A{token}", bought.callback()),
            post(app, f"/chpter/callbacks/{many}/{token}", bought.callback()),
        )
    }

    assert {status for status, _ in answers} == {404}
    assert len(answers) == 1
    assert statements == []
    assert ledger.count(CallbackRecord) == 0


def test_a_token_with_another_spelling_of_its_signature_is_refused():
    keys = ["a-key-for-tests-only-0123456789abcdef", "an-older-key-for-tests-0123456789abcdef"]
    token = callback_intake.callback_token("s" * 22, keys)
    respelled = f"{token[:-1]}{chr(ord(token[-1]) + 1)}"  # the last character holds two bits that count for nothing

    assert callback_intake.secret_of_token(token, keys) == "s" * 22
    assert callback_intake.secret_of_token(respelled, keys) is None
