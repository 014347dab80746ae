"""Shares of a day's playlists, and their transformation in this process or in several."""

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import date
from functools import partial
from itertools import accumulate

from spotify_pipeline.backends.stores import Stores
from spotify_pipeline.errors import PipelineError
from spotify_pipeline.progress import Progress
from spotify_pipeline.spotify.manifest import Coverage, Manifest
from spotify_pipeline.steps.processes import ProcessKilledError, call_in_process
from spotify_pipeline.storage.stage import StagedFile, StageWriter
from spotify_pipeline.tables.transform import Transformed

Share = Sequence[Coverage]
TransformShare = Callable[[Stores, date, Share, StageWriter], Transformed]

HEAD_START = 25_000
"""How many items this process has done before another one has started."""

_ITEMS_WORTH_A_PROCESS = 30_000  # they take some 0.3 s, as does starting a process


def processes_worth(manifest: Manifest) -> int:
    """How many processes a day keeps busy, of as many as there are processors."""
    items = sum(row.items_read for row in manifest.playlists)
    return min(os.cpu_count() or 1, max(1, items // _ITEMS_WORTH_A_PROCESS))


def cut(manifest: Manifest, number: int, head_start: int = 0) -> list[Share]:
    """At most so many shares with about as many items each, in the order of playlist ids.

    Args:
        manifest: the day's.
        number: of shares.
        head_start: how many items more the first one has, of a day that is large enough.
    """
    rows = sorted(manifest.playlists, key=lambda row: row.playlist_id)
    weights = list(accumulate(row.items_read + 1 for row in rows))
    shares: list[list[Coverage]] = [[] for _ in range(number)]
    for row, weight in zip(rows, weights, strict=True):
        more = head_start if weights[-1] >= number * head_start else 0
        shares[max(0, (weight - 1 - more) * number // (weights[-1] - more))].append(row)
    return [share for share in shares if share]


def run(
    transform_share: TransformShare,
    backends: Stores,
    day: date,
    shares: Sequence[Share],
    stage: StageWriter,
    progress: Progress,
) -> list[Transformed]:
    """Transform all shares, the first here, each other one in a process of its own; gives what came of them, in order.

    Raises:
        PipelineError: a process was killed, or what a share raises.
    """
    done, total = 0, sum(map(len, shares))
    transformed = []
    for share, (outcome, files) in zip(shares, _outcomes(transform_share, backends, day, shares, stage), strict=True):
        transformed.append(outcome)
        stage.files += files
        done += len(share)
        progress.count(done, total, "playlists are transformed")
    return transformed


def _outcomes(
    transform_share: TransformShare, backends: Stores, day: date, shares: Sequence[Share], stage: StageWriter
) -> Iterator[tuple[Transformed, list[StagedFile]]]:
    if not shares:
        return
    with _elsewhere(transform_share, backends, day, shares[1:], stage) as outcomes:
        writer = backends.tables.stage_writer(day, stage.name)
        yield transform_share(backends, day, shares[0], writer), writer.files
        yield from outcomes


@contextmanager
def _elsewhere(
    transform_share: TransformShare, backends: Stores, day: date, shares: Sequence[Share], stage: StageWriter
) -> Iterator[Iterator[tuple[Transformed, list[StagedFile]]]]:
    """Let processes begin with the second share and those that follow."""
    if not shares:
        yield iter(())
        return
    in_a_process = partial(_in_a_process, transform_share, backends.opener(), day, stage.name)
    calls = [partial(in_a_process, part, share) for part, share in enumerate(shares, 1)]
    with ThreadPoolExecutor(len(calls), thread_name_prefix="shares") as pool:  # whose threads wait for processes
        try:
            yield pool.map(call_in_process, calls)
        except ProcessKilledError:
            raise PipelineError(
                f"A process that made tables of {day} was killed, most likely because the memory did not suffice: "
                "free some and run the day again."
            ) from None


def _in_a_process(
    transform_share: TransformShare,
    open_stores: Callable[[], Stores],
    day: date,
    stage: str,
    part: int,
    share: Share,
) -> tuple[Transformed, list[StagedFile]]:
    backends = open_stores()
    writer = backends.tables.stage_writer(day, stage, part)
    return transform_share(backends, day, share, writer), writer.files
