"""A shop that says "kept" before it is: what the kill programme must catch. For tests alone."""

import threading
import time

from flask import Flask, Response, request

from shop import create_app
from shop.web.extensions import csrf

app: Flask = create_app()
_careful = app.view_functions["payments.callback"]


@csrf.exempt
def callback(token: str) -> Response:
    """Answer at once, settle a little later."""
    environ = {"path": request.path, "data": request.get_data(), "content_type": request.content_type}

    def later() -> None:
        time.sleep(0.2)
        with app.test_request_context(
            environ["path"], method="POST", **{k: environ[k] for k in ("data", "content_type")}
        ):
            _careful(token=token)

    threading.Thread(target=later, daemon=True).start()
    return Response("ok")


app.view_functions["payments.callback"] = callback
