"""The pace of requests against a server that counts them in a rolling window, in simulated time."""

import heapq
import itertools
import math
import threading
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spotify_pipeline.spotify.pace import Pace
from spotify_pipeline.spotify.patience import Clock, Patience
from spotify_pipeline_tests.spotify.fake_clock import FakeClock

WINDOW = 30.0


class _WaitingError(Exception):
    """Somebody waits so many seconds and then asks again."""


class PlannedClock:
    """A clock whose waits break off: the simulation lets several workers wait at the same time."""

    def __init__(self) -> None:
        self.time = 0.0
        self.patience = Patience(Clock(self.now, lambda: self.time, self.note))

    def now(self) -> datetime:
        return datetime(2026, 1, 2, tzinfo=UTC) + timedelta(seconds=self.time)

    def note(self, seconds: float, _: threading.Event) -> None:
        raise _WaitingError(seconds)


class LimitedServer:
    """Allows so many requests in any 30 seconds, and tells those it refuses when there is room again."""

    def __init__(self, allowed: int, *, used: int = 0) -> None:
        self._allowed = allowed
        self._recent = deque([0.0] * used)

    def retry_after(self, now: float) -> int | None:
        """None where the request is answered."""
        while self._recent and self._recent[0] <= now - WINDOW:
            self._recent.popleft()
        if len(self._recent) < self._allowed:
            self._recent.append(now)
            return None
        return max(1, math.ceil(self._recent[0] + WINDOW - now))


@dataclass
class Outcome:
    """How many requests were answered and refused, and what share of all that was allowed was used."""

    answered: int
    refused: int
    used: float

    @property
    def share_refused(self) -> float:
        return self.refused / (self.answered + self.refused)


def simulated(
    allowed: int, minutes: float, *, workers: int = 4, used: int = 0, others: float = 0, seed: int = 0
) -> Outcome:
    """Workers that ask one request after the other, each answered after 20 to 160 ms.

    `used` of what is allowed is used up when they begin; `others` ask so many requests a second for ever.
    """
    clock, chance = PlannedClock(), Random(seed)  # noqa: S311  # no secret
    pace, server = Pace(clock.patience), LimitedServer(allowed, used=used)
    answered = refused = 0
    number = itertools.count()
    events: list[tuple[float, int, str, int | None]] = [
        (0.001 * worker, next(number), "ask", 0) for worker in range(workers)
    ]
    if others:
        events += [(second / others, next(number), "others", None) for second in range(int(minutes * 60 * others))]
    heapq.heapify(events)

    def follow(seconds: float, what: str, told: int | None) -> None:
        heapq.heappush(events, (clock.time + seconds, next(number), what, told))

    while events and events[0][0] <= minutes * 60:
        clock.time, _, what, told = heapq.heappop(events)
        if what == "ask":
            try:
                pace.wait_for_turn()
            except _WaitingError as wait:
                follow(wait.args[0], "ask", None)
            else:
                follow(chance.uniform(0.01, 0.08), "arrive", None)
        elif what == "arrive":
            follow(chance.uniform(0.01, 0.08), "answer", server.retry_after(clock.time))
        elif what == "others":
            server.retry_after(clock.time)
        else:
            answered, refused = answered + (told is None), refused + (told is not None)
            if told is not None:
                pace.slow_down(told)
            follow(0, "ask", None)
    return Outcome(answered, refused, answered / (allowed * minutes * 60 / WINDOW))


@pytest.mark.parametrize("workers", [1, 4])
@pytest.mark.parametrize("allowed", [20, 50, 100, 180, 300])
def test_a_limit_is_met_seldom_and_what_is_allowed_is_used(allowed: int, workers: int) -> None:
    outcome = simulated(allowed, minutes=15, workers=workers)
    assert outcome.share_refused < 0.03
    assert outcome.used > 0.8


@pytest.mark.parametrize("allowed", [5, 10])
def test_a_limit_of_very_few_requests_is_kept_to_as_well(allowed: int) -> None:
    outcome = simulated(allowed, minutes=60)
    assert outcome.share_refused < 0.1
    assert outcome.used > 0.8


@pytest.mark.parametrize("allowed", [20, 100, 400])
def test_a_window_that_others_have_used_up_before_does_not_slow_down_for_long(allowed: int) -> None:
    assert simulated(allowed, minutes=10, used=allowed).used > 0.5
    assert simulated(allowed, minutes=30, used=allowed).used > 0.8
    assert simulated(allowed, minutes=30, used=allowed).share_refused < 0.04


def test_what_others_ask_is_left_to_them() -> None:
    outcome = simulated(100, minutes=15, others=50 / WINDOW)
    assert outcome.share_refused < 0.03
    assert 0.4 < outcome.used <= 0.52


@settings(max_examples=30, deadline=None)
@given(st.integers(3, 300), st.integers(1, 8), st.floats(0, 1), st.integers(0, 99))
def test_whatever_is_allowed_requests_go_on_and_few_are_refused(
    allowed: int, workers: int, used: float, seed: int
) -> None:
    outcome = simulated(allowed, minutes=10, workers=workers, used=round(used * allowed), seed=seed)
    assert outcome.refused <= 12 * workers + 20
    assert outcome.used > 0.4


def turns(pace: Pace, clock: FakeClock, number: int) -> list[float]:
    """The moments at which one thread may send so many requests."""
    moments = []
    for _ in range(number):
        pace.wait_for_turn()
        moments.append(clock.monotonic())
    return moments


def limited(clock: FakeClock, sent: int = 90, seconds: float = 10) -> Pace:
    """A pace that has met the limit with so many requests at once; no request may be sent for ten seconds."""
    pace = Pace(clock.patience())
    turns(pace, clock, sent + 1)
    pace.slow_down(seconds)
    return pace


def test_without_a_limit_nothing_waits(clock: FakeClock) -> None:
    turns(Pace(clock.patience()), clock, 10_000)
    assert clock.waits == []


def test_after_a_limit_all_wait_as_long_as_spotify_says_and_then_go_one_after_the_other(clock: FakeClock) -> None:
    start = clock.monotonic()
    moments = [moment - start for moment in turns(limited(clock), clock, 4)]
    space = 30 / (90 * 0.9)
    assert moments == pytest.approx([10, 10 + space, 10 + 2 * space, 10 + 3 * space])


def test_only_the_requests_of_the_newest_window_tell_what_is_allowed(clock: FakeClock) -> None:
    pace = Pace(clock.patience())
    turns(pace, clock, 1_000)
    clock.pass_(30)
    turns(pace, clock, 91)
    pace.slow_down(0)
    first, second = turns(pace, clock, 2)
    assert second - first == pytest.approx(30 / (90 * 0.9))


def test_several_refusals_at_the_same_time_are_learned_from_once(clock: FakeClock) -> None:
    pace = Pace(clock.patience())
    turns(pace, clock, 94)
    for _ in range(4):
        pace.slow_down(10)
        clock.pass_(0.1)
    first, second = turns(pace, clock, 2)
    assert second - first == pytest.approx(30 / (93 * 0.9))


def test_the_longest_of_several_waits_counts(clock: FakeClock) -> None:
    pace = limited(clock, seconds=25)
    pace.slow_down(3)
    start = clock.monotonic()
    assert turns(pace, clock, 1) == [start + 25]


def test_a_limit_that_is_met_again_slows_down_further_and_never_quickens(clock: FakeClock) -> None:
    pace = limited(clock)
    moments = turns(pace, clock, 50)
    pace.slow_down(2)
    again = turns(pace, clock, 2)
    assert again[1] - again[0] > moments[2] - moments[1]


def space_after(pace: Pace, clock: FakeClock, seconds: float) -> float:
    clock.pass_(seconds)
    first, second = turns(pace, clock, 2)
    return second - first


def test_the_pace_quickens_with_each_window_without_a_limit(clock: FakeClock) -> None:
    pace = limited(clock, seconds=0)
    before = space_after(pace, clock, 0)
    assert space_after(pace, clock, 28) == pytest.approx(before)
    spaces = [space_after(pace, clock, 30) for _ in range(5)]
    assert [before, *spaces] == sorted([before, *spaces], reverse=True)
    assert len({before, *spaces}) == 6


def test_what_was_learned_at_its_own_pace_is_forgotten_slowly(clock: FakeClock) -> None:
    pace = limited(clock, seconds=0)
    turns(pace, clock, 60)
    pace.slow_down(0)
    before = space_after(pace, clock, 0)
    assert space_after(pace, clock, 30) == pytest.approx(before * 0.95)


def test_a_limit_is_forgotten_in_the_end(clock: FakeClock) -> None:
    pace = limited(clock)
    assert space_after(pace, clock, 24 * 3600) == 0


def test_threads_take_their_turns_one_after_the_other(clock: FakeClock) -> None:
    pace = limited(clock, seconds=0)
    moments: list[float] = []
    lock = threading.Lock()

    def ask(_: int) -> None:
        pace.wait_for_turn()
        with lock:
            moments.append(clock.monotonic())

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(ask, range(60)))
    space = 30 / (90 * 0.9)
    assert max(moments) - min(moments) >= 59 * space * 0.99


def test_what_spotify_asks_to_wait_is_told_and_the_usual_space_between_requests_is_not(clock: FakeClock) -> None:
    told: list[str] = []
    pace = Pace(clock.patience(told.append))
    turns(pace, clock, 16)
    pace.slow_down(9)
    turns(pace, clock, 10)
    assert clock.waits[1] > 2
    assert told == ["Spotify limits the rate of requests: waiting 9 s"]


def test_a_space_of_ten_seconds_or_more_is_told(clock: FakeClock) -> None:
    told: list[str] = []
    pace = Pace(clock.patience(told.append))
    turns(pace, clock, 1)
    pace.slow_down(2)
    turns(pace, clock, 2)
    assert told == [f"Spotify limits the rate of requests: waiting {seconds} s" for seconds in (2, 33)]
