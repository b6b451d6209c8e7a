"""Every route by every method, every field of every form, as everybody: no fault, and all text comes back as text.

The same run is searched for secrets: every log line, page, mail and export of it.
"""

from pathlib import Path
from time import perf_counter

import pytest

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
    )
