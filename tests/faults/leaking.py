"""A shop that keeps a little of every request for ever: what the load programme must catch. For tests alone."""

from flask import Flask, Response

from shop import create_app

app: Flask = create_app()
_kept: list[bytes] = []


@app.after_request
def keep(response: Response) -> Response:
    _kept.append(b"x" * 100_000)
    return response
