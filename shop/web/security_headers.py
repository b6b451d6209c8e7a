"""Security headers of every response: pages, files, redirects and errors."""

from base64 import b64encode
from collections.abc import Sequence
from functools import lru_cache
from hashlib import sha256
from urllib.parse import urlsplit

from flask import Flask, Response, g, request

from shop.config import Settings

# For an uploaded image: opened as a page, it may run and load nothing.
INERT = "default-src 'none'; sandbox"


def payment_origins(settings: Settings) -> list[str]:
    """Where a form may lead. Chromium also checks `form-action` for the redirects after a form's POST."""
    chpter = urlsplit(settings.chpter_url)
    origins = [f"{chpter.scheme}://{chpter.netloc}"]
    for host in settings.chpter_link_hosts:
        bare = host.removeprefix(".")
        origins.append(f"https://{bare}")
        if host.startswith("."):
            origins.append(f"https://*.{bare}")
    return list(dict.fromkeys(origins))


def content_policy(settings: Settings, styles: Sequence[str] = ()) -> str:
    """The Content-Security-Policy: our own files, these inline style sheets; forms to us and to the payment page."""
    hashes = "".join(f" 'sha256-{b64encode(sha256(style.encode()).digest()).decode()}'" for style in styles if style)
    return "; ".join(
        (
            "default-src 'none'",
            "script-src 'self'",
            f"style-src 'self'{hashes}",
            "img-src 'self'",
            "connect-src 'self'",
            "manifest-src 'self'",
            "base-uri 'none'",
            "frame-ancestors 'none'",
            f"form-action 'self' {' '.join(payment_origins(settings))}",
        )
    )


def init_headers(app: Flask, settings: Settings) -> None:
    """Set the security headers on every response."""
    fixed = {
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        # not no-referrer: with it browsers send "Origin: null", and the check of the Origin header would fail
        "Referrer-Policy": "same-origin",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Embedder-Policy": "require-corp",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    }
    if settings.production:
        fixed["Strict-Transport-Security"] = "max-age=63072000; includeSubDomains"

    @lru_cache(maxsize=8)
    def policy(*styles: str) -> str:
        return content_policy(settings, styles)

    @app.after_request
    def set_headers(response: Response) -> Response:
        response.headers.update(fixed)
        if response.headers.get("Content-Security-Policy") != INERT:
            inline = g.pop("inline_styles", ())
            response.headers["Content-Security-Policy"] = policy(*inline)
        # A response that no view declared cacheable may be personal.
        if "Cache-Control" not in response.headers and request.endpoint not in ("static", "assets.bundle"):
            response.headers["Cache-Control"] = "no-store"
        return response
