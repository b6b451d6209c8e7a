"""A shop that reads a body as its server hands it over: what the programme of broken HTTP must catch. For tests."""

from flask import Flask, Request

from shop import create_app

app: Flask = create_app()
app.request_class = Request
