"""Fingerprints: a form carries what its page showed, so that it does not overwrite a change its user has not seen.

The page (macros in templates/components/form_guards.html; `shown` is {field: value}, as the form shows it):

    {{ fingerprint("area 3", shown) }}

The view, inside its transaction, with the row locked:

    area = db.session.get_one(DeliveryArea, area_id, with_for_update=True)
    refuse_if_changed("area 3", shown_of(area), labels={"fee": "Fee"})

If the row has changed, StaleForm rolls the transaction back. In the admin nothing more is needed: it responds with 409
and the form, filled in (admin/form_replay.py). Elsewhere, catch it: it holds the messages, the form merged with the
other changes, and the new fingerprint.

A form that is sent again after it was saved is no conflict, because the row already has its values.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from urllib.parse import parse_qsl, urlencode

from flask import request
from werkzeug.datastructures import MultiDict

FIELD = "fingerprint"
MAX_SHOWN_LENGTH = 80  # characters; of a longer value only the hash is carried
MAX_FIELDS = 1000
LEAD = "This was changed while you had the page open, so nothing is saved yet. Check it and press the button again"
UNKNOWN = "This page was opened too long ago, so nothing is saved yet. Check it and press the button again"

Shown = Mapping[str, str]
Label = str | tuple[str, Mapping[str, str]]  # a field's label, and the labels of its values


class HiddenValues(dict[str, str]):
    """The labels of values that are ids and are not shown in messages."""


@dataclass(frozen=True)
class Change:
    """A field that has changed since the page was shown, and the message about it."""

    field: str
    words: str


class StaleForm(Exception):
    """What the page showed has changed since then. Nothing was written.

    `typed` is the form to show again: what was typed, with the new values of the fields that the user left unchanged.
    """

    def __init__(self, changes: list[Change], typed: MultiDict[str, str], lead: str = LEAD) -> None:
        super().__init__(", ".join(change.field for change in changes) or "no fingerprint")
        self.changes, self.typed, self.lead = changes, typed, lead

    @property
    def problems(self) -> list[tuple[str, str]]:
        """The messages as (field, message), the lead first."""
        return [("main", self.lead), *((change.field, change.words) for change in self.changes)]


def fingerprint(of: str, shown: Shown) -> str:
    """The value of the hidden field for what a page shows of `of`, such as "area 3"."""
    return urlencode([("", of), *((field, _encoded(value)) for field, value in shown.items())])


def fingerprint_for_form(of: str, shown: Shown) -> str:
    """The same for a form that may be shown again: the posted fingerprint is kept."""
    posted = request.form.get(FIELD, "")
    return posted if _seen(posted, of) is not None else fingerprint(of, shown)


def posted_fingerprint(of: str) -> dict[str, str] | None:
    """The short values that the posted form's page showed of `of`; None without a fingerprint of it."""
    seen = _seen(request.form.get(FIELD, ""), of)
    return None if seen is None else {field: value[1:] for field, value in seen.items() if value.startswith("=")}


def stale_form(of: str, now: Shown, changes: list[Change], lead: str = LEAD) -> StaleForm:
    """A StaleForm for the posted form, to be raised by a view that compares in its own way."""
    typed = MultiDict(request.form)
    typed[FIELD] = fingerprint(of, now)
    return StaleForm(changes, typed, lead)


def refuse_if_changed(
    of: str, now: Shown, *, labels: Mapping[str, Label] | None = None, form: MultiDict[str, str] | None = None
) -> None:
    """Compare what the posted form's page showed with the current values. Raises StaleForm.

    Call it in the transaction that writes, with the rows locked. `form` is the posted form unless given.
    """
    typed = MultiDict(request.form if form is None else form)
    current = fingerprint(of, now)
    seen = _seen(typed.get(FIELD, ""), of)
    if seen is None:
        typed[FIELD] = current
        raise StaleForm([], typed, UNKNOWN)
    moved = [
        field
        for field in {**seen, **now}
        if seen.get(field) != _encoded(now.get(field)) and not (field in typed and _same(typed[field], now.get(field)))
    ]
    if not moved:
        return
    merged = MultiDict(typed)
    changes = []
    for field in moved:
        untouched = field in typed and _encoded(typed[field]) == seen.get(field)
        mine = None if untouched else typed.get(field)
        if untouched:
            merged[field] = now.get(field, "")
        changes.append(_change(field, seen.get(field), now.get(field), mine, (labels or {}).get(field, "")))
    merged[FIELD] = current
    raise StaleForm(changes, merged)


def _seen(posted: str, of: str) -> dict[str, str] | None:
    """The encoded values of a posted fingerprint; None if it is not a fingerprint of `of`."""
    try:
        pairs = parse_qsl(posted, keep_blank_values=True, max_num_fields=MAX_FIELDS)
    except ValueError:
        return None
    return dict(pairs[1:]) if pairs and pairs[0] == ("", of) else None


def _normalised(value: str) -> str:
    """Undo what browsers and forms change: line endings, and spaces at the ends."""
    return value.replace("\r\n", "\n").strip()


def _same(typed: str, now: str | None) -> bool:
    return now is not None and _normalised(typed) == _normalised(now)


def _encoded(value: str | None) -> str | None:
    if value is None:
        return None
    text = _normalised(value)
    if len(text) <= MAX_SHOWN_LENGTH:
        return f"={text}"
    return f"#{sha256(text.encode('utf-8', 'surrogatepass')).hexdigest()[:24]}"


def _change(field: str, seen: str | None, now: str | None, mine: str | None, label: Label) -> Change:
    name, values = label if isinstance(label, tuple) else (label, {})
    name = name or field.replace("_", " ").capitalize()
    was = seen[1:] if seen is not None and seen.startswith("=") else None

    def read(value: str) -> str:
        return values.get(value, value) or "empty"

    if seen is None:
        words = f"{name} is new since you opened this page"
    elif now is None:
        words = f"{name} is gone since you opened this page"
    elif was is None or len(now) > MAX_SHOWN_LENGTH or isinstance(values, HiddenValues):
        words = f"{name} was changed since you opened this page"
    else:
        words = f"{name} was {read(was)} when you opened this page; it is {read(_normalised(now))} now"
    if mine is not None and len(mine) <= MAX_SHOWN_LENGTH:
        words += f". You typed {read(_normalised(mine))}"
    return Change(field, words)
