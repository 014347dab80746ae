import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spotify_pipeline.spotify.errors import UnreachableError
from spotify_pipeline.spotify.patience import Patience
from spotify_pipeline_tests.spotify.fake_clock import FakeClock


@given(st.integers(1, 12))
def test_pauses_are_one_less_than_attempts_and_each_is_by_chance_but_bounded(attempts: int) -> None:
    pauses = list(Patience(attempts=attempts).pauses())
    longest = [min(0.5 * 2**number, 8.0) for number in range(attempts - 1)]
    assert len(pauses) == len(longest)
    assert all(limit / 2 <= pause <= limit for pause, limit in zip(pauses, longest, strict=True))


def test_pauses_of_several_threads_spread() -> None:
    patience = Patience()
    assert len({tuple(patience.pauses()) for _ in range(20)}) == 20


@pytest.mark.parametrize(
    ("seconds", "told"),
    [(0, []), (0.99, []), (1, ["Why: waiting 1 s"]), (61.4, ["Why: waiting 61 s"])],
)
def test_a_wait_of_a_second_or_more_is_told(seconds: float, told: list[str]) -> None:
    heard: list[str] = []
    FakeClock().patience(heard.append).wait(seconds, "Why")
    assert heard == told


def test_a_wait_without_a_reason_is_not_told() -> None:
    heard: list[str] = []
    FakeClock().patience(heard.append).wait(60)
    assert heard == []


def test_it_is_told_before_the_wait_and_not_after_it() -> None:
    clock = FakeClock()
    moments: list[float] = []
    clock.patience(lambda _: moments.append(clock.monotonic())).wait(60, "Why")
    assert moments == [clock.monotonic() - 60]


@pytest.mark.parametrize("seconds", [0, -1.5])
def test_no_time_is_no_wait(seconds: float) -> None:
    clock = FakeClock()
    clock.patience().wait(seconds, "Why")
    assert clock.waits == []


@pytest.mark.parametrize("seconds", [0, 60])
def test_after_the_end_every_wait_gives_up_at_once(seconds: float) -> None:
    patience = Patience()
    patience.end()
    start = time.monotonic()
    with pytest.raises(UnreachableError, match=r"^The run was interrupted\.$"):
        patience.wait(seconds)
    assert time.monotonic() - start < 5


def test_the_end_wakes_all_who_wait() -> None:
    asleep = threading.Barrier(5)

    def tell(_: str) -> None:
        asleep.wait(5)

    patience = Patience(tell=tell)
    start = time.monotonic()
    with ThreadPoolExecutor(4) as pool:
        waits = [pool.submit(patience.wait, 60, "Why") for _ in range(4)]
        asleep.wait(5)
        patience.end()
        assert all(isinstance(wait.exception(), UnreachableError) for wait in waits)
    assert time.monotonic() - start < 5


def test_real_time_passes_on_a_real_clock() -> None:
    patience = Patience()
    start = patience.clock.monotonic()
    patience.wait(0.02)
    assert 0.02 <= patience.clock.monotonic() - start < 5
    assert patience.clock.now().tzinfo is not None
