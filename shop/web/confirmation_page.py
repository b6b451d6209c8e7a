"""A page that asks for confirmation before an action that cannot be undone, with the same form repeated."""

from collections.abc import Iterable

from flask import make_response, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from shop.core.text import one_line

CONFIRMED = "sure"  # the field of the confirmation button
NOT_REPEATED = ("csrf_token", CONFIRMED)
MAX_FIELD_LENGTH = 4000  # characters of one field that are repeated


def ask_for_confirmation(
    title: str, *words: str, button: str, back: str, fields: Iterable[tuple[str, str]] | None = None
) -> AnyResponse | None:
    """The confirmation page, or None once its button was pressed.

    `words` are paragraphs that say what will happen. `back` is the address of "No, go back". `fields` are repeated
    instead of the posted ones.
    """
    if request.form.get(CONFIRMED) == "1":
        return None
    posted = request.form.items(multi=True) if fields is None else fields
    # pages hold no invisible characters
    repeated = [(name, one_line(value, MAX_FIELD_LENGTH)) for name, value in posted if name not in NOT_REPEATED]
    return make_response(
        render_template(
            "components/confirmation_page.html", title=title, words=words, button=button, back=back, fields=repeated
        )
    )
