from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from threading import Barrier

import pytest

from spotify_pipeline.storage.lease import LeaseTakenError, leased
from spotify_pipeline.storage.objects import SharedStore, open_store
from spotify_pipeline_tests.spotify.fake_clock import FakeClock

KEY = "_state/lease-work.json"


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@contextmanager
def held(objects: SharedStore, owner: str, clock: FakeClock, *, seconds: float = 60, wait: float = 0) -> Iterator[None]:
    """Hold the lease for so many seconds, after waiting for so many at most."""
    now = clock.now()
    ends, wait_until = now + timedelta(seconds=seconds), now + timedelta(seconds=wait)
    with leased(objects, "work", owner, ends, clock.patience().clock, wait_until=wait_until):
        yield


@pytest.fixture
def shared(location: str) -> SharedStore:
    return open_store(location)


def test_one_at_a_time_has_it(shared: SharedStore, clock: FakeClock) -> None:
    with (
        held(shared, "first", clock),
        pytest.raises(LeaseTakenError, match=r"Another work is at work, until 05:01:00 UTC at most \(first\)") as error,
        held(shared, "second", clock),
    ):
        pass
    assert error.value.may_pass


def test_it_is_free_after_use_and_after_an_error(shared: SharedStore, clock: FakeClock) -> None:
    for owner in ("first", "second", "third"):
        with pytest.raises(ZeroDivisionError), held(shared, owner, clock):
            raise ZeroDivisionError


def test_whoever_waits_has_it_when_the_time_of_the_other_is_over(shared: SharedStore, clock: FakeClock) -> None:
    with ExitStack() as never_ended:
        never_ended.enter_context(held(shared, "dead", clock, seconds=60))
        with held(shared, "second", clock, wait=100):
            assert len(clock.waits) == 60
        never_ended.pop_all()


def test_the_same_owner_has_it_at_once(shared: SharedStore, clock: FakeClock) -> None:
    with held(shared, "first", clock), held(shared, "first", clock):
        assert clock.waits == []


def test_whoever_lost_it_does_not_free_that_of_the_next(shared: SharedStore, clock: FakeClock) -> None:
    with ExitStack() as slow:
        slow.enter_context(held(shared, "slow", clock, seconds=10))
        clock.pass_(11)
        with held(shared, "next", clock):
            slow.close()
            with pytest.raises(LeaseTakenError), held(shared, "third", clock):
                pass


def test_a_damaged_lease_is_nobodys(shared: SharedStore, clock: FakeClock) -> None:
    shared.put(KEY, b"not a lease")
    with held(shared, "first", clock), pytest.raises(LeaseTakenError), held(shared, "second", clock):
        pass


def test_leases_of_different_names_are_apart(shared: SharedStore, clock: FakeClock) -> None:
    ends = clock.now() + timedelta(seconds=60)
    with (
        held(shared, "first", clock),
        leased(shared, "other", "second", ends, clock.patience().clock, wait_until=clock.now()),
    ):
        assert shared.list("_state/") == ["_state/lease-other.json", KEY]


def test_of_many_that_want_it_at_the_same_moment_one_has_it(location: str, clock: FakeClock) -> None:
    many = 8
    together, decided = Barrier(many), Barrier(many)

    def try_it(number: int) -> bool:
        store = open_store(location)
        together.wait()
        with ExitStack() as stack:
            try:
                stack.enter_context(held(store, f"owner-{number}", clock))
                has_it = True
            except LeaseTakenError:
                has_it = False
            decided.wait()
        return has_it

    with ThreadPoolExecutor(many) as pool:
        for _ in range(3):
            assert sum(pool.map(try_it, range(many))) == 1
