"""Forms read what was typed into them and nothing else.

Flask-WTF would also take uploaded files and JSON for answers: a field would then hold what is no text, and break the
page. Files are read by the views that ask for one.

A form that was refused for another reason than what was typed (signed out, or changed by another user meanwhile) is
shown again by its own view, filled in: while `shown_again` lasts, no form is valid, and its problems are those given.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from flask import request
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response as AnyResponse
from wtforms import Field, HiddenField

ViewResponse = str | tuple[str, int] | AnyResponse  # what a view returns
Problems = Sequence[tuple[str, str]]  # field, words; "main" is the whole form
_again: ContextVar[Problems | None] = ContextVar("problems of a form that is only shown again", default=None)


@contextmanager
def shown_again(problems: Problems) -> Iterator[None]:
    """While it lasts, forms are shown with these problems and are not valid."""
    token = _again.set(problems)
    try:
        yield
    finally:
        _again.reset(token)


def problems_shown_again() -> Problems:
    """What stops every form for now; nothing in an ordinary request."""
    return _again.get() or ()


class BaseForm(FlaskForm):
    """What every form of the shop is."""

    def __init__(self, **given: Any) -> None:
        given.setdefault("formdata", request.form or None)
        super().__init__(**given)

    def validate(self, **options: Any) -> bool:
        """Whether what was typed is right; never while the form is only shown again."""
        again = problems_shown_again()
        if not again:
            return bool(super().validate(**options))
        for name, words in again:
            field = self[name] if name in self else self["csrf_token"]
            field.errors = [*field.errors, words]
        return False

    def shown(self) -> dict[str, str]:
        """What its fields show, for a fingerprint (web/fingerprints.py): a field of several answers is left out."""
        return {field.name: field.data or "" for field in self if isinstance(field.data, str | None) and _asks(field)}

    def labels(self) -> dict[str, str]:
        """How its fields are called."""
        return {field.name: field.label.text for field in self}

    @property
    def problems(self) -> list[tuple[str, str]]:
        """All that is wrong: (id of the field, words). "main" stands for the form as a whole."""
        fields = sorted(self, key=lambda field: field.name != "csrf_token")  # the form as a whole first
        return [
            ("main" if field.name == "csrf_token" else field.id, str(words))
            for field in fields
            for words in field.errors
        ]


def _asks(field: Field) -> bool:
    return not isinstance(field, HiddenField)
