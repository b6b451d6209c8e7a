"""The address every server is given: `gunicorn wsgi:app`, `flask --app wsgi ...`."""

import sys

from dotenv import load_dotenv

from shop import create_app
from shop.config import ConfigError

try:
    load_dotenv()  # gunicorn does not read .env by itself; what is already set wins
except (OSError, ValueError) as unreadable:
    sys.stderr.write(
        f"The shop cannot start: .env cannot be read ({type(unreadable).__name__}); let the shop's user read it.\n"
    )
    raise SystemExit(3) from None
try:
    app = create_app()
except ConfigError as wrong:
    sys.stderr.write(f"The shop cannot start: {wrong}\n")
    raise SystemExit(3) from None  # 3 tells gunicorn not to try again
