"""Reading documents before they are asked for: from S3 each takes some 25 ms, nearly all of it on its way."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from datetime import date
from functools import partial

from spotify_pipeline.storage.raw import RawStore


@contextmanager
def read_ahead(raw: RawStore, day: date, playlist_ids: Iterable[str]) -> Iterator[Callable[[str], bytes]]:
    """Read the documents of a day that is finished, as many at once as is worth it.

    Args:
        raw: where they are.
        day: the day.
        playlist_ids: in the order in which they will be asked for, each of them once.

    Yields:
        What gives the raw JSON of a playlist, and raises as `RawStore.read_document` does.
    """
    if raw.at_once == 1:
        yield partial(raw.read_document, day)
        return
    to_come, waiting = iter(playlist_ids), deque[tuple[str, Future[bytes]]]()
    with ThreadPoolExecutor(raw.at_once, thread_name_prefix="documents") as pool:

        def next_document(playlist_id: str) -> bytes:
            while len(waiting) < raw.at_once and (following := next(to_come, None)):
                waiting.append((following, pool.submit(raw.read_document, day, following)))
            expected, document = waiting.popleft()
            if expected != playlist_id:
                raise ValueError(f"{expected} was to be asked for, not {playlist_id}")
            return document.result()

        try:
            yield next_document
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
