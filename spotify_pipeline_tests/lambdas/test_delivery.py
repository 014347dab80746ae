"""An event may come several times, one after the other or at once: the day is that of a single delivery."""

import gzip
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest

from spotify_pipeline.backends.choice import choose_backends
from spotify_pipeline.backends.warehouse import Warehouse
from spotify_pipeline.demo.catalogue import DemoCatalogue
from spotify_pipeline.demo.server import DemoServer
from spotify_pipeline.settings import load_settings
from spotify_pipeline.tables.declarations import TABLES
from spotify_pipeline_tests.lambdas.conftest import DAY, SCHEDULED, Functions
from spotify_pipeline_tests.test_replayed_days import run_day

NOT_OF_THE_DAY = {"coverage": ["fetched_at", "requests"]}  # they tell of the run, which no other is quite like

Result = tuple[dict[str, bytes], dict[str, list[tuple[Any, ...]]]]


def result(warehouse: Warehouse) -> Result:
    """The raw documents and the rows of the day, which are all that there is of it."""
    objects = warehouse.raw_objects
    documents = {key: gzip.decompress(objects.get(key)) for key in objects.list("") if key.endswith(".json.gz")}
    assert all(key.startswith(f"playlists/snapshot_date={DAY}/") for key in documents)
    assert warehouse.catalog.partitions() == {name: {DAY} for name in TABLES}
    assert not warehouse.tables.staged(DAY)
    rows = {}
    for name in TABLES:
        frame = warehouse.tables.read(name, DAY).drop(NOT_OF_THE_DAY.get(name, []))
        rows[name] = sorted(frame.rows(), key=repr)
    return documents, rows


def one_after_the_other(deliver: Callable[[], object]) -> None:
    for _ in range(3):
        deliver()


def at_once(deliver: Callable[[], object]) -> None:
    together = Barrier(2)

    def wait_and_deliver() -> None:
        together.wait()
        deliver()

    with ThreadPoolExecutor(2) as pool:
        for future in [pool.submit(wait_and_deliver) for _ in range(2)]:
            future.result()


@pytest.fixture(scope="module")
def server() -> Iterator[DemoServer]:
    with DemoServer(DemoCatalogue(), day=DAY) as server:
        yield server


@pytest.fixture(scope="module")
def once(server: DemoServer, tmp_path_factory: pytest.TempPathFactory) -> Result:
    """The result of a single run, in a folder."""
    variables = {
        "SPOTIFY_PIPELINE_DATA_DIR": str(tmp_path_factory.mktemp("once")),
        "SPOTIFY_PIPELINE_API_URL": f"{server.url}/v1/",
        "SPOTIFY_PIPELINE_ACCOUNTS_URL": server.url,
        "SPOTIFY_PIPELINE_TODAY": str(DAY),
        "SPOTIPY_CLIENT_ID": server.client_id,
        "SPOTIPY_CLIENT_SECRET": server.client_secret,
        "SPOTIFY_REFRESH_TOKEN": server.refresh_token,
    }
    backends = choose_backends(load_settings(**variables))
    run_day(backends, DAY)
    return result(backends)


# The refresh asks for everything again, so that each delivery writes the day anew.
@pytest.mark.parametrize(
    ("often", "event"), [(one_after_the_other, SCHEDULED), (at_once, SCHEDULED), (at_once, {"refresh": True})]
)
def test_an_event_that_comes_several_times_makes_the_day_of_one(
    often: Callable[[Callable[[], object]], None],
    event: dict[str, Any],
    server: DemoServer,
    once: Result,
    name_functions: Callable[[str], Functions],
) -> None:
    functions = name_functions(server.url)
    often(lambda: functions.extract(event))
    often(functions.transform)
    assert result(functions.warehouse) == once
