"""Forms read what was typed into them and nothing else.

Flask-WTF would also take uploaded files and JSON for answers: a field would then hold what is no text, and break the
page. Files are read by the views that ask for one.
"""

from typing import Any

from flask import request
from flask_wtf import FlaskForm


class TypedForm(FlaskForm):
    """What every form of the shop is."""

    def __init__(self, **given: Any) -> None:
        given.setdefault("formdata", request.form or None)
        super().__init__(**given)
