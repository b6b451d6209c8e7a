"""The address every server is given: `gunicorn wsgi:app`, `flask --app wsgi ...`."""

from dotenv import load_dotenv

from shop import create_app

load_dotenv()  # gunicorn does not read .env by itself; what is already set wins
app = create_app()
