"""What a form reads."""

import io

import pytest
from flask_wtf import FlaskForm

from shop.web.base_form import BaseForm
from tests.shopper import hidden_fields

NAMES = ("order_number", "phone_number", "email", "password", "next")


@pytest.mark.parametrize("address", ["/orders/find", "/admin/sign-in", "/admin/sign-in/forgotten"])
def test_an_uploaded_file_is_not_read_as_a_text_field(shopper, address):
    form = hidden_fields(shopper.get(address).text)
    form.pop("next", None)
    files = {name: (io.BytesIO(b"12345678"), "x.png") for name in NAMES}

    assert shopper.browser.post(address, data={**form, **files}).status_code in (200, 422)


def test_json_is_not_read_as_a_form(shopper):
    token = hidden_fields(shopper.get("/orders/find").text)["csrf_token"]
    for sent in ({"phone_number": 7, "order_number": []}, ["phone_number"], 7, None):
        reply = shopper.browser.post("/orders/find", json=sent, headers={"X-CSRFToken": token})
        assert reply.status_code == 422, sent


def test_an_invalid_host_gets_an_error_page(shopper):
    for host in ("x" * 300, "x..y", "[::1", "a b", "", "\xe9"):
        reply = shopper.get("/cart", headers={"Host": host})

        assert reply.status_code in (200, 400), host
        assert "Content-Security-Policy" in reply.headers


def test_every_form_is_a_base_form(app):
    def under(kind: type) -> list[type]:
        return [kind, *(below for one in kind.__subclasses__() for below in under(one))]

    ours = [kind for kind in under(FlaskForm) if kind.__module__.startswith("shop.")]

    assert len(ours) > 15
    assert [kind for kind in ours if not issubclass(kind, BaseForm)] == []
