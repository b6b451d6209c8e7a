"""The question before an act that can't be undone: a page that says what will happen, with the same form once more."""

from collections.abc import Iterable

from flask import make_response, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from shop.core.text import one_line

SURE = "sure"
NOT_REPEATED = ("csrf_token", SURE)
LONGEST = 4000  # characters of one field that are repeated


def ask_for_confirmation(
    title: str, *words: str, button: str, back: str, fields: Iterable[tuple[str, str]] | None = None
) -> AnyResponse | None:
    """The page that asks, or None once its button was pressed.

    `words` say what will happen, a paragraph each. `back` is the address of the way out. `fields` are repeated instead
    of the posted ones.
    """
    if request.form.get(SURE) == "1":
        return None
    posted = request.form.items(multi=True) if fields is None else fields
    # no page may hold what nobody can see
    repeated = [(name, one_line(value, LONGEST)) for name, value in posted if name not in NOT_REPEATED]
    return make_response(
        render_template(
            "components/confirmation_page.html", title=title, words=words, button=button, back=back, fields=repeated
        )
    )
