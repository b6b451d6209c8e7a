"""A form carries what its page showed, so that nobody saves over what they have not seen.

The page (macros in templates/components/form_guards.html; `shown` is {field: value}, as the form shows it):

    {{ fingerprint("area 3", shown) }}

The view, inside its transaction, with the row locked so that nobody else changes it from here on:

    area = db.session.get_one(DeliveryArea, area_id, with_for_update=True)
    refuse_if_changed("area 3", shown_of(area), labels={"fee": "Fee"})

When something moved meanwhile, StaleForm undoes the transaction. In the admin nothing more is needed: its pages
answer 409 with the form filled in (admin/form_replay.py). Elsewhere catch it: it holds the words, the form put together
with what others changed, and the fingerprint for the next press.

A form sent a second time after it was saved is no conflict: what it asks for stands there already.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from urllib.parse import parse_qsl, urlencode

from flask import request
from werkzeug.datastructures import MultiDict

FIELD = "fingerprint"
LONGEST_SHOWN = 80  # characters of a value that is carried whole; of a longer one its hash
MOST_FIELDS = 1000
LEAD = "This was changed while you had the page open, so nothing is saved yet. Check it and press the button again"
UNKNOWN = "This page was opened too long ago, so nothing is saved yet. Check it and press the button again"

Shown = Mapping[str, str]
Label = str | tuple[str, Mapping[str, str]]  # how a field is called, and how its values are read


class HiddenValues(dict[str, str]):
    """In place of the values of a label: they are ids, and mean nothing to a reader."""


@dataclass(frozen=True)
class Change:
    """A field that is not what the page showed, and what to say of it."""

    field: str
    words: str


class StaleForm(Exception):
    """What the page showed has changed since. Nothing was written.

    `typed` is the form to show again: what was typed, with the newer value and its fingerprint where nothing was typed.
    """

    def __init__(self, changes: list[Change], typed: MultiDict[str, str], lead: str = LEAD) -> None:
        super().__init__(", ".join(change.field for change in changes) or "no fingerprint")
        self.changes, self.typed, self.lead = changes, typed, lead

    @property
    def problems(self) -> list[tuple[str, str]]:
        """What to say: (field, words), the lead first."""
        return [("main", self.lead), *((change.field, change.words) for change in self.changes)]


def fingerprint(of: str, shown: Shown) -> str:
    """What a page shows of one thing, for a hidden field. `of` names the thing: "area 3"."""
    return urlencode([("", of), *((field, _coded(value)) for field, value in shown.items())])


def fingerprint_for_form(of: str, shown: Shown) -> str:
    """The same for a form that may be shown again: it keeps what its page showed the first time."""
    posted = request.form.get(FIELD, "")
    return posted if _seen(posted, of) is not None else fingerprint(of, shown)


def posted_fingerprint(of: str) -> dict[str, str] | None:
    """What the page of the posted form showed of this thing: its short values. None when the form does not say."""
    seen = _seen(request.form.get(FIELD, ""), of)
    return None if seen is None else {field: value[1:] for field, value in seen.items() if value.startswith("=")}


def stale_form(of: str, now: Shown, changes: list[Change], lead: str = LEAD) -> StaleForm:
    """The refusal of the posted form, for what compares in a manner of its own: raise it."""
    typed = MultiDict(request.form)
    typed[FIELD] = fingerprint(of, now)
    return StaleForm(changes, typed, lead)


def refuse_if_changed(
    of: str, now: Shown, *, labels: Mapping[str, Label] | None = None, form: MultiDict[str, str] | None = None
) -> None:
    """Compare what the posted form's page showed with what stands there now. Raises StaleForm.

    Call it in the transaction that writes, with the rows locked. `form` is the posted one unless given.
    """
    typed = MultiDict(request.form if form is None else form)
    fresh = fingerprint(of, now)
    seen = _seen(typed.get(FIELD, ""), of)
    if seen is None:
        typed[FIELD] = fresh
        raise StaleForm([], typed, UNKNOWN)
    moved = [
        field
        for field in {**seen, **now}
        if seen.get(field) != _coded(now.get(field)) and not (field in typed and _same(typed[field], now.get(field)))
    ]
    if not moved:
        return
    merged = MultiDict(typed)
    changes = []
    for field in moved:
        untouched = field in typed and _coded(typed[field]) == seen.get(field)
        mine = None if untouched else typed.get(field)
        if untouched:
            merged[field] = now.get(field, "")
        changes.append(_change(field, seen.get(field), now.get(field), mine, (labels or {}).get(field, "")))
    merged[FIELD] = fresh
    raise StaleForm(changes, merged)


def _seen(posted: str, of: str) -> dict[str, str] | None:
    """The coded values of a posted fingerprint; None if it is none of this thing."""
    try:
        pairs = parse_qsl(posted, keep_blank_values=True, max_num_fields=MOST_FIELDS)
    except ValueError:
        return None
    return dict(pairs[1:]) if pairs and pairs[0] == ("", of) else None


def _tidy(value: str) -> str:
    """Browsers send other line ends than they were given; blanks at the ends are taken off by every form."""
    return value.replace("\r\n", "\n").strip()


def _same(typed: str, now: str | None) -> bool:
    return now is not None and _tidy(typed) == _tidy(now)


def _coded(value: str | None) -> str | None:
    if value is None:
        return None
    tidy = _tidy(value)
    if len(tidy) <= LONGEST_SHOWN:
        return f"={tidy}"
    return f"#{sha256(tidy.encode('utf-8', 'surrogatepass')).hexdigest()[:24]}"


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
    elif was is None or len(now) > LONGEST_SHOWN or isinstance(values, HiddenValues):
        words = f"{name} was changed since you opened this page"
    else:
        words = f"{name} was {read(was)} when you opened this page; it is {read(_tidy(now))} now"
    if mine is not None and len(mine) <= LONGEST_SHOWN:
        words += f". You typed {read(_tidy(mine))}"
    return Change(field, words)
