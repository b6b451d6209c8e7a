"""A slow or broken provider does not take the shop with it."""

import threading
import time

import pytest

from shop.chpter import BreakerOpen, Busy, ChpterError, Conflict, HttpError, TimedOut, TooManyRequests, UnsafeLink
from shop.chpter.circuit_breaker import CircuitBreaker
from tests.chpter.examples import client_for, eventually, session_request
from tests.provider import Provider


class Clock:
    """A clock that is set by hand."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def breaker(clock: Clock) -> CircuitBreaker:
    return CircuitBreaker(clock=clock)


def fail(breaker: CircuitBreaker, times: int = 1, error: ChpterError | None = None) -> None:
    for _ in range(times):
        with pytest.raises(ChpterError), breaker.watching():
            raise error or TimedOut()


def is_open(breaker: CircuitBreaker) -> bool:
    try:
        with breaker.watching():
            raise UnsafeLink
    except BreakerOpen:
        return True
    except UnsafeLink:
        return False


def test_five_outages_in_a_minute_open_the_breaker_for_half_a_minute(breaker, clock):
    fail(breaker, 4)
    assert not is_open(breaker)
    fail(breaker)

    assert is_open(breaker)
    clock.now += 29.9
    assert is_open(breaker)
    clock.now += 0.2
    assert not is_open(breaker)


def test_outages_more_than_a_minute_old_are_forgotten(breaker, clock):
    for _ in range(20):
        fail(breaker)
        clock.now += 15.1

    assert not is_open(breaker)


@pytest.mark.parametrize("error", [HttpError(404), Conflict(), UnsafeLink()])
def test_an_answer_that_is_of_no_use_is_no_outage(breaker, error):
    fail(breaker, 20, error)

    assert not is_open(breaker)


@pytest.mark.parametrize("error", [TooManyRequests(), HttpError(502)])
def test_an_error_of_the_server_and_too_many_requests_are_outages(breaker, error):
    fail(breaker, 5, error)

    assert is_open(breaker)


def test_a_bug_of_the_caller_is_no_outage(breaker):
    for _ in range(20):
        with pytest.raises(TypeError), breaker.watching():
            raise TypeError

    assert not is_open(breaker)


def test_after_the_rest_one_trial_decides(breaker, clock):
    fail(breaker, 5)
    clock.now += 31
    fail(breaker)
    assert is_open(breaker)

    clock.now += 31
    with breaker.watching():
        assert is_open(breaker), "a second call waits for the trial"

    fail(breaker, 4)
    assert not is_open(breaker)


def test_a_trial_whose_thread_is_stopped_does_not_block_the_next_one(breaker, clock):
    fail(breaker, 5)
    clock.now += 31
    with pytest.raises(KeyboardInterrupt), breaker.watching():
        raise KeyboardInterrupt
    clock.now += 31

    assert not is_open(breaker)


def test_the_client_leaves_a_broken_provider_alone_after_five_failures():
    with Provider("http_500") as provider:
        client = client_for(provider.url)
        codes = []
        for _ in range(7):
            with pytest.raises(ChpterError) as caught:
                client.open_session(session_request())
            codes.append(caught.value.code)

    assert codes == ["http_error"] * 5 + ["breaker_open"] * 2
    assert len(provider.requests) == 5


def test_calls_beyond_the_limit_are_refused_at_once_and_places_come_free_again():
    with Provider("slow") as provider:
        client = client_for(provider.url, max_parallel=2)
        ended: list[str] = []

        def call() -> None:
            try:
                client.open_session(session_request())
            except ChpterError as error:
                ended.append(error.code)

        threads = [threading.Thread(target=call) for _ in range(2)]
        for thread in threads:
            thread.start()
        assert eventually(lambda: len(provider.requests) == 2)
        started = time.monotonic()
        with pytest.raises(Busy):
            client.open_session(session_request())
        took = time.monotonic() - started
        for thread in threads:
            thread.join()
        provider.behaviour = "ok"

        assert took < 0.1
        assert ended == ["timeout", "timeout"]
        assert client.open_session(session_request())
