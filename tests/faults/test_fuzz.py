"""Every route by every method, every field of every form, as everybody: no fault, and all text comes back as text.

The same run is searched for secrets: every log line, page, mail and export of it.
"""

from collections.abc import Callable
from pathlib import Path
from time import perf_counter

import pytest
from flask import request

from tests import both_databases
from tests.faults.figures import size
from tests.faults.fuzzing import Fired, Fuzz
from tests.faults.inhabited import Inhabited
from tests.faults.leaks import Lines, Watch

SEED = 20261124
PROGRAMME = "Hostile requests to every route and form"


@pytest.fixture
def shop(app, provider, settings) -> Inhabited:
    return Inhabited(app, provider, Path(settings["INSTANCE_PATH"]))


def story(fired: Fired) -> str:
    """What went wrong, for whoever has to mend it."""
    return f"{len(fired.wrong)} wrong of {fired.count}, {dict(fired.statuses)}\n\n" + "\n\n".join(fired.wrong[:12])


@both_databases
def test_no_hostile_request_breaks_a_page_or_comes_back_as_more_than_text(shop, reached):
    watch = Watch(shop)
    began = perf_counter()
    with Lines() as lines:
        fuzz = Fuzz(shop, SEED, watch=watch.page)
        fired = fuzz.fire(size(1_500, 20_000))
        shop.send_mails()
        mails = watch.letters()
    rate = fired.count / (perf_counter() - began)
    watch.lines(lines.all)

    assert not fired.wrong, story(fired)
    assert {200, 303, 400, 404, 405, 422} <= set(fired.statuses), fired.statuses
    assert fired.reflected > size(20, 200), "hardly anything hostile came back: the requests do not reach the pages"
    reached(
        PROGRAMME,
        f"0 of 5xx and 0 unescaped in {fired.count:,}: {fuzz.about()}; {fired.reflected:,} answers showed "
        f"what was sent, as text; {rate:,.0f} a second",
    )
    assert watch.found == []
    assert min(mails, watch.exports) >= size(3, 10) and watch.pages > fired.count / 2
    reached(
        "Secrets in what the hostile requests left",
        f"0 in {len(lines.all):,} log lines, {watch.pages:,} pages, {mails} mails, {watch.exports} exports",
        control="as for all programmes together",
    )


PLANTED = {"text": "<p>%s</p>", "attribute": '<p title="%s">x</p>', "address": '<a href="%s">x</a>'}


@both_databases
class TestControls:
    """Pages that are wrong, planted among the routes: the same programme finds each."""

    @pytest.fixture
    def app(self, app):
        def showing(part: str) -> Callable[[], str]:
            page = f"<!doctype html><html lang=en><title>x</title><main><h1>x</h1>{part}</main></html>"
            return lambda: page.replace("%s", request.values.get("q", ""))

        for kind, part in PLANTED.items():
            app.add_url_rule(f"/planted/{kind}", kind, showing(part), methods=["GET", "POST"])
        app.add_url_rule("/planted/<thing>", "broken", lambda thing: str(int(thing)), methods=["GET", "POST"])
        return app

    def test_one_that_breaks(self, shop, unguarded):
        fired = Fuzz(shop, SEED, only="broken").fire(100)

        assert [one for one in fired.wrong if "500 INTERNAL" in one and "/planted/" in one], story(fired)
        unguarded(PROGRAMME, f"a page that breaks: {len(fired.wrong)} found in {fired.count} requests")

    @pytest.mark.parametrize("kind", PLANTED)
    def test_one_that_shows_a_text_as_it_is(self, shop, kind, unguarded):
        fuzz = Fuzz(shop, SEED, only=kind)
        fuzz.names = ["q"]

        fired = fuzz.fire(1_500)

        assert fired.wrong and not [one for one in fired.wrong if "500 INTERNAL" in one], story(fired)
        unguarded(PROGRAMME, f"a page with a raw {kind}: {len(fired.wrong)} found in {fired.count:,}")


def test_the_same_seed_draws_the_same_requests(shop):
    def drawn(seed: int) -> list[object]:
        return [(shot.who, shot.method, shot.path, list(shot.headers)) for shot in Fuzz(shop, seed).shots(40)]

    assert drawn(SEED) == drawn(SEED) != drawn(SEED + 1)
