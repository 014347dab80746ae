import json
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spotify_pipeline.spotify.errors import QuotaError
from spotify_pipeline.spotify.quota import BudgetError, Forgetful, Quota, QuotaState
from spotify_pipeline_tests.spotify.fake_clock import FakeClock

TODAY, TOMORROW = date(2026, 1, 2), date(2026, 1, 3)
AHEAD = 25
"""How many requests are written down before they are sent."""

Make = Callable[..., Quota]


@pytest.fixture
def memory() -> Forgetful:
    return Forgetful()


@pytest.fixture
def quota_on(memory: Forgetful, clock: FakeClock) -> Make:
    """A quota as another process would have it: `quota_on(day, budget)`."""

    def make(day: date = TODAY, budget: int | None = None) -> Quota:
        return Quota(memory, clock.patience().clock, day, budget)

    return make


def spend(quota: Quota, requests: int) -> None:
    for _ in range(requests):
        quota.spend()


# Counting


def test_at_first_nothing_is_spent_and_nothing_is_written(quota_on: Make, memory: Forgetful) -> None:
    quota = quota_on()
    assert quota.state() == QuotaState(TODAY, 0, None)
    quota.require()
    quota.save()
    assert memory.load() is None


@pytest.mark.parametrize("requests", [1, 24, 25, 26, 60])
def test_what_is_spent_is_known_to_the_next_process(requests: int, quota_on: Make) -> None:
    quota = quota_on()
    spend(quota, requests)
    assert quota.state().spent == requests
    quota.save()
    assert quota_on().state().spent == requests


def test_the_memory_is_written_seldom(clock: FakeClock) -> None:
    class Counting(Forgetful):
        writes = 0

        def save(self, state: bytes) -> None:
            self.writes += 1
            super().save(state)

    memory = Counting()
    spend(Quota(memory, clock.patience().clock, TODAY), 1_000)
    assert memory.writes == 1_000 / AHEAD


@given(st.lists(st.integers(0, 80), max_size=8))
def test_after_any_sessions_as_much_is_spent_as_was_sent(sessions: list[int]) -> None:
    memory, clock = Forgetful(), FakeClock().patience().clock
    for requests in sessions:
        quota = Quota(memory, clock, TODAY)
        spend(quota, requests)
        quota.save()
    assert Quota(memory, clock, TODAY).state().spent == sum(sessions)


@given(st.lists(st.tuples(st.integers(0, 80), st.booleans()), max_size=8))
def test_a_process_that_is_killed_counts_at_most_twenty_five_too_many_and_never_too_few(
    sessions: list[tuple[int, bool]],
) -> None:
    memory, clock = Forgetful(), FakeClock().patience().clock
    for requests, is_killed in sessions:
        quota = Quota(memory, clock, TODAY)
        spend(quota, requests)
        if not is_killed:
            quota.save()
    sent, killed = sum(requests for requests, _ in sessions), sum(is_killed for _, is_killed in sessions)
    assert sent <= Quota(memory, clock, TODAY).state().spent <= sent + AHEAD * killed


def test_a_process_that_is_killed_before_its_first_request_is_answered_has_counted_it(quota_on: Make) -> None:
    quota_on().spend()
    assert 1 <= quota_on().state().spent <= AHEAD


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 2), st.integers(1, 40)), max_size=12))
def test_processes_at_the_same_time_count_together(turns: list[tuple[int, int]]) -> None:
    memory, clock = Forgetful(), FakeClock().patience().clock
    processes = [Quota(memory, clock, TODAY) for _ in range(3)]
    for process, requests in turns:
        spend(processes[process], requests)
    for quota in processes:
        quota.save()
    assert Quota(memory, clock, TODAY).state().spent == sum(requests for _, requests in turns)


def test_a_new_day_begins_at_zero(quota_on: Make) -> None:
    quota = quota_on()
    spend(quota, 30)
    quota.save()
    tomorrow = quota_on(TOMORROW)
    assert tomorrow.state() == QuotaState(TOMORROW, 0, None)
    spend(tomorrow, 2)
    tomorrow.save()
    assert quota_on(TOMORROW).state().spent == 2


# Blocks


def test_a_block_is_known_to_the_next_process_until_it_has_passed(quota_on: Make, clock: FakeClock) -> None:
    quota = quota_on()
    spend(quota, 3)
    error = quota.block(7_200)
    until = clock.now() + timedelta(hours=2)
    assert str(error).startswith(
        f"Spotify's quota for this app is used up: it may be asked again from {until:%Y-%m-%d}"
    )
    for each in (quota, quota_on()):
        assert each.state() == QuotaState(TODAY, 3, until)
        for refused in (each.require, each.spend):
            with pytest.raises(QuotaError, match=r"from 2026-01-02 07:00 UTC; run again after that\.$"):
                refused()
        assert each.state().spent == 3
    clock.pass_(7_199)
    with pytest.raises(QuotaError):
        quota_on().require()
    clock.pass_(1)
    quota_on().require()
    quota.spend()


def test_a_block_stays_on_the_next_day(quota_on: Make) -> None:
    quota = quota_on()
    spend(quota, 3)
    quota.block(24 * 3_600)
    tomorrow = quota_on(TOMORROW)
    assert tomorrow.state().spent == 0
    with pytest.raises(QuotaError):
        tomorrow.spend()


def test_a_block_is_not_forgotten_when_a_process_writes_down_what_it_has_spent(quota_on: Make) -> None:
    quota = quota_on()
    spend(quota, 3)
    quota.block(3_600)
    quota.save()
    assert quota_on().state().blocked_until is not None


def test_a_block_that_another_process_has_met_is_not_written_over(quota_on: Make) -> None:
    first, second = quota_on(), quota_on()
    spend(first, 3)
    second.block(3_600)
    first.save()
    with pytest.raises(QuotaError):
        quota_on().require()


def test_no_block_is_longer_than_a_week(quota_on: Make, clock: FakeClock) -> None:
    quota_on().block(1e9)
    assert quota_on().state().blocked_until == clock.now() + timedelta(days=7)


def test_a_block_that_was_written_down_when_the_clock_was_wrong_is_passed_over(
    memory: Forgetful, quota_on: Make
) -> None:
    wrong = FakeClock(datetime(2027, 6, 1, tzinfo=UTC))
    Quota(memory, wrong.patience().clock, TODAY).block(3_600)
    quota_on().require()
    assert quota_on().state().blocked_until is None


# The budget


def test_a_budget_ends_exactly_at_its_number(quota_on: Make) -> None:
    quota = quota_on(budget=30)
    spend(quota, 30)
    for refused in (quota.require, quota.spend):
        with pytest.raises(BudgetError, match=r"^The budget of 30 requests a day is used up: run again tomorrow, or "):
            refused()
    assert quota.state().spent == 30


def test_a_budget_is_for_the_day_and_not_for_the_process(quota_on: Make) -> None:
    for requests in (10, 15):
        quota = quota_on(budget=30)
        spend(quota, requests)
        quota.save()
    quota = quota_on(budget=30)
    spend(quota, 5)
    with pytest.raises(BudgetError):
        quota.spend()
    quota.save()
    with pytest.raises(BudgetError):
        quota_on(budget=30).require()
    quota_on(budget=31).spend()
    quota_on(TOMORROW, budget=30).spend()


@pytest.mark.parametrize("budget", [1, 24, 25, 26, 400])
def test_several_threads_send_as_many_as_the_budget_and_no_more(budget: int, quota_on: Make) -> None:
    quota = quota_on(budget=budget)
    together = threading.Barrier(8)

    def ask(_: int) -> int:
        together.wait(5)
        for sent in range(100):
            try:
                quota.spend()
            except BudgetError:
                return sent
        return 100

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(ask, range(8))) == budget
    quota.save()
    assert quota_on().state().spent == budget


def test_what_is_kept_back_of_a_budget_can_be_set_free(quota_on: Make) -> None:
    quota = quota_on(budget=10)
    quota.reserve(4)
    spend(quota, 6)
    with pytest.raises(BudgetError):
        quota.spend()
    quota.reserve(0)
    spend(quota, 4)
    with pytest.raises(BudgetError):
        quota.spend()


def test_more_may_be_kept_back_than_there_is(quota_on: Make) -> None:
    quota = quota_on(budget=3)
    quota.reserve(5)
    with pytest.raises(BudgetError):
        quota.spend()


def test_without_a_budget_nothing_is_kept_back(quota_on: Make) -> None:
    quota = quota_on()
    quota.reserve(5)
    spend(quota, 100)


# Damage


@pytest.mark.parametrize(
    "damaged",
    [
        b"",
        b"\xff\x00",
        b"[]",
        b"null",
        b'{"day": "2026-01-02", "spent": 7',
        b'{"spent": 7}',
        b'{"day": "yesterday", "spent": 7}',
        b'{"day": "2026-01-02", "spent": "many"}',
        b'{"day": "2026-01-02", "spent": -7}',
        b'{"day": "2026-01-02", "blocked_until": "soon"}',
        b'{"day": "2026-01-02", "blocked_until": "2026-01-02T23:00:00"}',
    ],
)
def test_a_damaged_memory_is_passed_over_and_replaced(damaged: bytes, memory: Forgetful, quota_on: Make) -> None:
    memory.save(damaged)
    quota = quota_on(budget=5)
    assert quota.state() == QuotaState(TODAY, 0, None)
    spend(quota, 2)
    quota.save()
    assert quota_on().state().spent == 2


_FIELDS = st.none() | st.integers() | st.dates().map(str) | st.datetimes().map(datetime.isoformat) | st.text(max_size=3)
_STATES = st.fixed_dictionaries({"day": _FIELDS | st.just(str(TODAY)), "spent": _FIELDS, "blocked_until": _FIELDS})


@given(st.binary(max_size=60) | _STATES.map(lambda state: json.dumps(state).encode()))
def test_whatever_the_memory_holds_requests_are_counted(held: bytes) -> None:
    memory, clock = Forgetful(), FakeClock().patience().clock
    memory.save(held)
    quota = Quota(memory, clock, TODAY)
    before = quota.state().spent
    quota.spend()
    assert quota.state().spent == before + 1


def test_a_memory_that_is_damaged_while_a_process_counts_does_not_lose_its_own_requests(
    memory: Forgetful, quota_on: Make
) -> None:
    quota = quota_on()
    spend(quota, 30)
    memory.save(b"damaged")
    spend(quota, 30)
    quota.save()
    assert quota_on().state().spent == 60
