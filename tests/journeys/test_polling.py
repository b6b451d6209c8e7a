"""How the order page polls: less and less often, not in a hidden tab, not without end, not after the payment."""

from itertools import pairwise

import pytest

HIDE = """hidden => {
    Object.defineProperty(document, "hidden", { get: () => hidden, configurable: true });
    document.dispatchEvent(new Event("visibilitychange"));
}"""


@pytest.fixture
def waiting(user):
    """A user whose order page waits, with a clock that the test moves."""
    user.page.clock.install()
    user.buy("No callback at all")
    return user


def polled_at(user, seconds, step=1):
    """Move the page's clock on, with a little real time for each step; returns the seconds at which it polled."""
    polled = []
    for second in range(step, seconds + 1, step):
        before = user.status_requests()
        user.page.clock.run_for(step * 1000)
        user.page.wait_for_timeout(40)
        if user.status_requests() > before:
            polled.append(second)
    return polled


def test_a_waiting_page_polls_less_and_less_often(waiting):
    polled = polled_at(waiting, 40)
    pauses = [later - earlier for earlier, later in pairwise([0, *polled])]

    assert polled[0] == 2
    assert all(later >= earlier - 2 for earlier, later in pairwise(pauses)), "an answer takes its own time"
    assert pauses[-1] >= 8
    assert 3 <= len(polled) <= 6


def test_a_waiting_page_polls_as_long_as_money_may_come_and_then_says_that_it_stopped(waiting):
    polled = polled_at(waiting, 900, step=30)
    assert 10 <= len(polled) <= 40
    assert polled[-1] > 800, "the hold has not ended, so money may still come"

    waiting.page.evaluate("() => { document.querySelector('[data-live]').textContent = '' }")
    waiting.page.clock.fast_forward("30:00:00")
    waiting.sees("We have stopped checking. Reload this page to check again.")


def test_an_offline_page_says_so_and_polls_at_once_when_it_is_online_again(waiting):
    waiting.context.set_offline(True)
    assert polled_at(waiting, 3) == [2]
    waiting.sees("You are offline. This page checks again when you are back online.")
    with waiting.page.expect_request("**/status"):
        waiting.context.set_offline(False)

    waiting.sees("This page updates by itself when your payment is confirmed.")
    assert all("failed" in problem and "/status" in problem for problem in waiting.problems)
    waiting.problems.clear()


def test_a_half_typed_code_is_kept_when_the_order_changes(waiting):
    waiting.page.get_by_role("link", name="I have paid: give the M-PESA code").click()
    waiting.page.get_by_label("M-PESA code").fill("SJK4H")
    waiting.page.evaluate("() => { document.querySelector('[data-state]').dataset.state = 'another' }")
    waiting.page.clock.run_for(20_000)
    waiting.sees("There is news about this order. Send the code, or reload this page.")

    assert waiting.page.get_by_label("M-PESA code").input_value() == "SJK4H"


def test_a_hidden_page_does_not_poll_and_polls_at_once_when_it_is_shown(waiting):
    waiting.page.evaluate(HIDE, True)
    assert polled_at(waiting, 60, step=10) == []

    with waiting.page.expect_request("**/status"):
        waiting.page.evaluate(HIDE, False)
    assert polled_at(waiting, 20) != []


def test_a_page_that_says_paid_does_not_poll(user):
    user.buy("Paid, but the callback comes late")
    user.sees_paid()
    polls = user.status_requests()
    user.page.wait_for_timeout(2500)

    assert polls == user.status_requests() > 0
