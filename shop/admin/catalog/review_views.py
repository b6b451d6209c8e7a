"""The reviews that buyers wrote: show or hide them, and reply."""

from flask import abort, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse
from wtforms import HiddenField

from shop.accounts.audit_log import audit
from shop.accounts.permissions import admin, may
from shop.catalog.models import ReviewState
from shop.catalog.reviews import (
    MAX_REPLY_LENGTH,
    ReviewChanged,
    count_reviews,
    decide_review,
    review_state,
    reviews_in_state,
)
from shop.core.database import write
from shop.web.base_form import BaseForm
from shop.web.form_fields import text_line
from shop.web.pagination import id_arg

TABS = {ReviewState.WAITING: "Waiting", ReviewState.SHOWN: "Shown", ReviewState.HIDDEN: "Hidden"}
ACTS = {  # button: (the state it moves the review to, the words of the audit log and of the message)
    "show": (ReviewState.SHOWN, "Showed a review of"),
    "hide": (ReviewState.HIDDEN, "Hid a review of"),
    "reply": (None, "Saved the reply to a review of"),
}


class DecisionForm(BaseForm):
    """What the merchant does with one review."""

    review = HiddenField()
    version = HiddenField()
    act = HiddenField()
    reply = text_line("Your reply", MAX_REPLY_LENGTH, required=False)


@admin.get("/reviews")
@may("staff")
def reviews() -> str:
    """The reviews in one state, newest first."""
    return _page(_tab(request.args.get("tab", "")), id_arg(request.args.get("before", "")))


@admin.post("/reviews")
@may("staff")
def reviews_decide() -> str | tuple[str, int] | AnyResponse:
    """Show or hide a review, and save the reply."""
    form = DecisionForm()
    review_id, version = id_arg(form.review.data or ""), id_arg(form.version.data or "")
    to, words = ACTS.get(form.act.data or "", (None, ""))
    if not words or review_id is None or version is None:
        flash("Nothing was saved: choose what to do with the review", "problem")
        return redirect(url_for("admin.reviews"), 303)
    before = review_state(review_id) or abort(404)
    if not form.validate():
        return _refused(before, review_id, form), 422
    try:
        write(lambda: _decide(review_id, version, to, form.reply.data, words))
    except ReviewChanged:
        form.reply.errors = ["Nothing was saved: this review changed while you were looking at it. Read it again"]
        return _refused(review_state(review_id) or before, review_id, form), 409
    flash("Saved", "good")
    return redirect(url_for("admin.reviews", tab=before), 303)


def _decide(review_id: int, version: int, to: ReviewState | None, reply: str, words: str) -> None:
    review = decide_review(review_id, version, to, reply)
    audit(f"{words} {review.product.name}")


def _refused(state: str, review_id: int, form: DecisionForm) -> str:
    """The page that begins with this review, with what was typed."""
    return _page(_tab(state), review_id + 1, form)


def _tab(typed: str) -> ReviewState:
    return ReviewState(typed) if typed in TABS else ReviewState.WAITING


def _page(tab: ReviewState, before: int | None, form: DecisionForm | None = None) -> str:
    counts = count_reviews()
    tabs = [
        (words, counts[state], url_for("admin.reviews", tab=state.value), state == tab) for state, words in TABS.items()
    ]
    refused = form.review.data if form else None
    problems = form.problems if form else []
    return render_template(
        "admin/catalog/reviews.html",
        found=reviews_in_state(tab, before),
        tab=tab.value,
        tabs=tabs,
        title=TABS[tab],
        form=form,
        refused=refused,
        problems=[(name if name == "main" else f"reply-{refused}", words) for name, words in problems],
        max_reply=MAX_REPLY_LENGTH,
    )
