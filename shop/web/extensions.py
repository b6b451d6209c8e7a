"""The Flask extensions. `create_app` connects them to the application."""

from pathlib import Path

from flask_compress import Compress
from flask_limiter import Limiter
from flask_migrate import Migrate
from flask_wtf import CSRFProtect

from shop.core.database import db
from shop.web.rate_limits import client_address

__all__ = ["compress", "csrf", "db", "limiter", "migrate"]

csrf = CSRFProtect()
compress = Compress()
migrate = Migrate(directory=str(Path(__file__).parents[2] / "migrations"), render_as_batch=True)
limiter = Limiter(key_func=client_address)  # no default limit: each view sets its own
