"""How the order page asks: less and less often, not in a hidden tab, not for ever, and not once it knows."""

from itertools import pairwise

import pytest

from tests.journeys.visitor import Visitor

HIDE = """hidden => {
    Object.defineProperty(document, "hidden", { get: () => hidden, configurable: true });
    document.dispatchEvent(new Event("visibilitychange"));
}"""


@pytest.fixture
def waiting(visitor):
    """A visitor whose order page waits, on a clock that the test moves."""
    visitor.page.clock.install()
    visitor.buy("No callback at all")
    return visitor


def seconds_of_asking(visitor: Visitor, seconds: int, step: int = 1) -> list[int]:
    """Let time pass on the page, a little real time for each step; at which seconds it asked."""
    asked = []
    for second in range(step, seconds + 1, step):
        before = visitor.asked_for_status()
        visitor.page.clock.run_for(step * 1000)
        visitor.page.wait_for_timeout(40)
        if visitor.asked_for_status() > before:
            asked.append(second)
    return asked


def test_a_waiting_page_asks_less_and_less_often(waiting):
    asked = seconds_of_asking(waiting, 40)
    pauses = [later - earlier for earlier, later in pairwise([0, *asked])]

    assert asked[0] == 2
    assert all(later >= earlier - 2 for earlier, later in pairwise(pauses)), "an answer takes its own time"
    assert pauses[-1] >= 8
    assert 3 <= len(asked) <= 6


def test_a_waiting_page_looks_for_as_long_as_money_may_come_and_then_says_that_it_stopped(waiting):
    asked = seconds_of_asking(waiting, 900, step=30)
    assert 10 <= len(asked) <= 40
    assert asked[-1] > 800, "the hold has not ended, so money may still come"

    waiting.page.evaluate("() => { document.querySelector('[data-live]').textContent = '' }")
    waiting.page.clock.fast_forward("30:00:00")
    waiting.sees("We have stopped checking. Reload this page to check again.")


def test_a_page_that_comes_back_into_the_network_looks_at_once(waiting):
    seconds_of_asking(waiting, 120, step=20)
    waiting.context.set_offline(True)
    waiting.sees("You are offline. This page checks again when you are back online.")
    with waiting.page.expect_request("**/status"):
        waiting.context.set_offline(False)

    waiting.sees("This page updates by itself when your payment is confirmed.")
    waiting.trouble.clear()


def test_a_half_typed_code_is_not_wiped_by_news(waiting):
    waiting.page.get_by_role("link", name="I have paid: give the M-PESA code").click()
    waiting.page.get_by_label("M-PESA code").fill("SJK4H")
    waiting.page.evaluate("() => { document.querySelector('[data-state]').dataset.state = 'another' }")
    waiting.page.clock.run_for(20_000)
    waiting.sees("There is news about this order. Send the code, or reload this page.")

    assert waiting.page.get_by_label("M-PESA code").input_value() == "SJK4H"


def test_a_hidden_page_does_not_ask_and_looks_at_once_when_it_is_seen_again(waiting):
    waiting.page.evaluate(HIDE, True)
    assert seconds_of_asking(waiting, 60, step=10) == []

    with waiting.page.expect_request("**/status"):
        waiting.page.evaluate(HIDE, False)
    assert seconds_of_asking(waiting, 20) != []


def test_a_page_that_knows_does_not_ask(visitor):
    visitor.page.clock.install()
    visitor.buy()
    visitor.sees_paid()

    assert seconds_of_asking(visitor, 60, step=10) == []
    assert visitor.asked_for_status() == 0


def test_a_page_that_has_learnt_of_the_payment_asks_no_more(visitor):
    visitor.buy("Paid, but the callback comes late")
    visitor.sees_paid()
    asked = visitor.asked_for_status()
    visitor.page.wait_for_timeout(2500)

    assert asked == visitor.asked_for_status() > 0


def test_a_page_out_of_reach_for_a_moment_asks_again(visitor):
    visitor.page.clock.install()
    visitor.buy("No callback at all")
    visitor.context.set_offline(True)
    assert seconds_of_asking(visitor, 3) == [2]
    visitor.context.set_offline(False)

    assert seconds_of_asking(visitor, 20) != []
    assert all("failed" in trouble and "/status" in trouble for trouble in visitor.trouble)
    visitor.trouble.clear()
