"""The base class of all forms. It reads posted form fields only.

Flask-WTF would also read uploaded files and JSON, and a field would then hold something that is no text. Views read
files themselves.

A form that was refused because the user was signed out or the data changed is shown again by its own view, filled in.
Inside `shown_again` no form is valid, and its problems are those given.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from flask import request
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response as AnyResponse
from wtforms import HiddenField

ViewResponse = str | tuple[str, int] | AnyResponse  # what a view returns
Problems = Sequence[tuple[str, str]]  # (field, message); "main" is the form as a whole
_again: ContextVar[Problems | None] = ContextVar("problems_shown_again", default=None)


@contextmanager
def shown_again(problems: Problems) -> Iterator[None]:
    """Inside this context, forms are invalid and show these problems."""
    token = _again.set(problems)
    try:
        yield
    finally:
        _again.reset(token)


def problems_shown_again() -> Problems:
    """The problems that make every form invalid; empty in an ordinary request."""
    return _again.get() or ()


class BaseForm(FlaskForm):
    """A form of the shop."""

    def __init__(self, **given: Any) -> None:
        given.setdefault("formdata", request.form or None)
        super().__init__(**given)

    def validate(self, **options: Any) -> bool:
        """Whether what was typed is valid; always False inside `shown_again`."""
        again = problems_shown_again()
        if not again:
            return bool(super().validate(**options))
        for name, words in again:
            field = self[name] if name in self else self["csrf_token"]
            field.errors = [*field.errors, words]
        return False

    def shown(self) -> dict[str, str]:
        """The values of its visible fields, for a fingerprint; fields with several values are left out."""
        return {
            field.name: field.data or ""
            for field in self
            if isinstance(field.data, str | None) and not isinstance(field, HiddenField)
        }

    def fill(self, row: Any) -> None:
        """Fill in the form from a saved row."""
        raise NotImplementedError

    @classmethod
    def shown_of(cls, row: Any) -> dict[str, str]:
        """The values that the form shows of a saved row, for a fingerprint."""
        form = cls(formdata=None)
        form.fill(row)
        return form.shown()

    def labels(self) -> dict[str, str]:
        """The labels of its fields by name."""
        return {field.name: field.label.text for field in self}

    @property
    def problems(self) -> list[tuple[str, str]]:
        """Its errors: (field id, message). The id "main" means the form as a whole."""
        fields = sorted(self, key=lambda field: field.name != "csrf_token")  # the form as a whole first
        return [
            ("main" if field.name == "csrf_token" else field.id, str(words))
            for field in fields
            for words in field.errors
        ]
