"""A shop that lets every thread wait for its provider: what the hung provider's programme must catch. For tests."""

from flask import Flask

from shop import create_app
from shop.chpter.circuit_breaker import Bulkhead, CircuitBreaker

app: Flask = create_app()
app.extensions["chpter"]._bulkhead = Bulkhead(10_000)
app.extensions["chpter"]._breaker = CircuitBreaker(failures=10_000)
