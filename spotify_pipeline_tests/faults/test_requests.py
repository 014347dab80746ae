"""How many requests a day of `mine` costs, counted by the server."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from spotify_pipeline.backends.choice import Backends
from spotify_pipeline.steps.extract import extract_day
from spotify_pipeline_tests.conftest import FIRST_ARCHIVE_DAY

_LISTED, _EMBEDDED = 50, 100


def least_requests(lengths: list[int], page: int) -> int:
    """Two listings, a call for each playlist, and one for each further page."""
    further_pages = sum(-(-max(0, length - _EMBEDDED) // page) for length in lengths)
    return 2 * -(-len(lengths) // _LISTED) + len(lengths) + further_pages


@pytest.mark.parametrize(("mode", "page"), [("development", 50), ("extended", 100)])
def test_a_first_day_costs_the_least_that_it_can_and_an_unchanged_day_the_listing_alone(
    mode: str, page: int, replay: Callable[..., Any], replay_library: Any, backends_for: Callable[..., Backends]
) -> None:
    server = replay(mode=mode, owned="all")
    versions = [
        replay_library.version(playlist_id, FIRST_ARCHIVE_DAY.isoformat()) for playlist_id in replay_library.meta
    ]
    lengths = [len(version.entries) for version in versions if version]

    def requests_of(day_number: int) -> int:
        server.clear_log()
        day = FIRST_ARCHIVE_DAY + timedelta(days=day_number)
        backends = backends_for(server.url, day)
        backends.raw.commit(extract_day(backends, day))
        assert backends.raw.open_day(day).manifest.counts()["failed"] == 0
        return sum(path.startswith("/v1/") for _, path in server.log()["requests"])

    least = least_requests(lengths, page)
    assert least <= requests_of(0) <= least * 1.02
    assert requests_of(1) <= -(-len(lengths) // _LISTED) + 1
