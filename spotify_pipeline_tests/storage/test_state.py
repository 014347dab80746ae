from collections.abc import Callable
from datetime import date

import pytest
from msgspec import Struct

from spotify_pipeline.spotify.manifest import Manifest
from spotify_pipeline.spotify.quota import Quota
from spotify_pipeline.storage.objects import ObjectStore, open_store
from spotify_pipeline.storage.raw import RawStore
from spotify_pipeline.storage.state import SharedState, StoredState
from spotify_pipeline_tests.spotify.fake_clock import FakeClock
from spotify_pipeline_tests.storage.crashes import crashed_everywhere

DAY = date(2025, 3, 1)


def test_nothing_is_known_at_first(objects: ObjectStore) -> None:
    assert StoredState(objects, "quota").load() is None
    assert objects.list("") == []


def test_what_was_saved_last_is_loaded_by_whoever_asks(objects: ObjectStore) -> None:
    state = StoredState(objects, "quota")
    for content in (b"first", b"", b"last \xff"):
        state.save(content)
        assert state.load() == StoredState(objects, "quota").load() == content


def test_states_of_different_names_are_apart(objects: ObjectStore) -> None:
    for name in ("quota-1", "quota-2"):
        StoredState(objects, name).save(name.encode())
    assert StoredState(objects, "quota-1").load() == b"quota-1"
    assert objects.list("") == ["_state/quota-1.json", "_state/quota-2.json"]


def test_a_state_beside_raw_documents_is_no_day(objects: ObjectStore) -> None:
    raw = RawStore(objects)
    StoredState(objects, "quota").save(b"{}")
    raw.begin(DAY)
    raw.commit(Manifest(DAY, []))
    assert raw.days() == [DAY]
    assert StoredState(objects, "quota").load() == b"{}"


def test_a_crash_at_any_moment_leaves_the_old_state_or_the_new_one(new_store: Callable[[], ObjectStore]) -> None:
    seen = [
        StoredState(store, "quota").load()
        for store in crashed_everywhere(
            new_store,
            lambda store: StoredState(store, "quota").save(b"old"),
            lambda store: StoredState(store, "quota").save(b"new"),
        )
    ]
    assert seen == [b"old", b"new"]


class Numbers(Struct):
    numbers: list[int]


def add(number: int) -> Callable[[Numbers | None], Numbers]:
    return lambda current: Numbers([*(current.numbers if current else []), number])


def test_what_another_process_changes_meanwhile_is_not_undone(location: str) -> None:
    state, others = (SharedState(open_store(location), "numbers", Numbers) for _ in range(2))
    seen = []

    def slowly(current: Numbers | None) -> Numbers:
        seen.append(current)
        if len(seen) == 1:
            others.change(add(1))
        return add(2)(current)

    state.change(slowly)
    assert seen == [None, Numbers([1])]
    assert state.load() == others.load() == Numbers([1, 2])


def test_a_state_that_cannot_be_read_is_none_and_can_be_replaced(location: str) -> None:
    store = open_store(location)
    store.put("_state/numbers.json", b"damaged")
    state = SharedState(store, "numbers", Numbers)
    assert state.load() is None
    state.change(add(1))
    assert state.load() == Numbers([1])


@pytest.mark.parametrize("requests", [1, 25, 40])
def test_a_quota_is_remembered_in_it(requests: int, objects: ObjectStore) -> None:
    clock = FakeClock().patience().clock
    quota = Quota(StoredState(objects, "quota"), clock, DAY)
    for _ in range(requests):
        quota.spend()
    quota.save()
    quota.block(60)
    found = Quota(StoredState(objects, "quota"), clock, DAY).state()
    assert found == quota.state()
    assert (found.spent, found.blocked_until is not None) == (requests, True)
