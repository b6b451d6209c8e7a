"""A shop that believes a callback as it comes: what the programme of malformed bodies must catch. For tests alone."""

import json

from flask import Flask, Response, request
from sqlalchemy import update

from shop import create_app
from shop.core.database import db, write
from shop.payments.models import PaymentAttempt
from shop.web.extensions import csrf


@csrf.exempt
def believe(token: str) -> Response:
    """Read it as the incumbent's plugin does: json.loads, and whatever is not empty is true."""
    said = json.loads(request.get_data())
    if said["paid"]:
        paid = update(PaymentAttempt).where(PaymentAttempt.reference == int(said["order_id"])).values(state="paid")
        write(lambda: db.session.execute(paid))
    return Response("ok")


def credulous_shop() -> Flask:
    """The shop with that reader, for gunicorn."""
    made = create_app()
    made.view_functions["payments.callback"] = believe
    return made
