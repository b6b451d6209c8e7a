"""The libraries the shop leans on, each made once here and tied to the application in `create_app`."""

from pathlib import Path

from flask import Response
from flask_compress import Compress
from flask_limiter import Limiter
from flask_migrate import Migrate
from flask_wtf import CSRFProtect

from shop.core.database import db
from shop.web.rate_limits import client_address

__all__ = ["compress", "csrf", "db", "limiter", "migrate"]


class CompressWhole(Compress):
    """Flask-Compress, for pages with mistakes in them too: it leaves every answer that is no success as it is."""

    def after_request(self, response: Response | None) -> Response:
        """Compress the answer, whatever its status."""
        status = response.status_code if response else 204
        if response is None or status < 400:
            return super().after_request(response)
        response.status_code = 200
        response = super().after_request(response)
        response.status_code = status
        return response


csrf = CSRFProtect()
compress = CompressWhole()
migrate = Migrate(directory=str(Path(__file__).parents[2] / "migrations"), render_as_batch=True)
limiter = Limiter(key_func=client_address)  # no default limit: each stands where it protects something
