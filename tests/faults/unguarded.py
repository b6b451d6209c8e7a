"""A shop that lets every thread wait for its provider: what the hung provider's programme must catch. For tests."""

from flask import Flask

from shop import create_app
from shop.chpter.circuit_breaker import Breaker, Bulkhead

app: Flask = create_app()
app.extensions["chpter"]._bulkhead = Bulkhead(10_000)
app.extensions["chpter"]._breaker = Breaker(failures=10_000)
