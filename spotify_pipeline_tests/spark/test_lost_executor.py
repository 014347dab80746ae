"""A hundred thousand items on a cluster of two executors, one of which is killed in the middle, as Dagster shows it."""

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import suppress
from datetime import date
from pathlib import Path
from threading import Thread

import pyspark
import pytest
from dagster import AssetKey, DagsterInstance
from polars.testing import assert_frame_equal

from benchmarks.catalogue import Shape
from benchmarks.documents import Library
from benchmarks.raw_day import DAY, lay_raw_day
from spotify_pipeline.backends.choice import choose_backends
from spotify_pipeline.definitions import build_defs
from spotify_pipeline.orchestration.schedules import DAILY_JOB
from spotify_pipeline.settings import load_settings
from spotify_pipeline.spark.job import ITEMS_IN_SHARE
from spotify_pipeline.steps.transform import transform_day
from spotify_pipeline.tables.declarations import TABLES
from spotify_pipeline_tests.conftest import require_java
from spotify_pipeline_tests.storage.staging import read_all

ROOT = Path(__file__).parents[2]
ITEMS, SHARES = 100_000, 8
_HASTY_JAVA = "-XX:+UseSerialGC -XX:TieredStopAtLevel=1"
_EXECUTOR = "org.apache.spark.executor.CoarseGrainedExecutorBackend"


@pytest.fixture
def cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever starts Spark in this test gets a cluster: the user's own configuration says so."""
    options = {
        "spark.master": "local-cluster[2,1,512]",
        "spark.driver.memory": "512m",
        "spark.executor.memory": "512m",
        "spark.local.dir": str(tmp_path / "scratch"),
        "spark.sql.shuffle.partitions": "4",
        **{
            f"spark.{who}.extraJavaOptions": "-XX:+UseSerialGC -XX:TieredStopAtLevel=1"
            for who in ("driver", "executor")
        },
        ITEMS_IN_SHARE: str(ITEMS // SHARES),
    }
    (tmp_path / "spark-defaults.conf").write_text("".join(f"{name} {value}\n" for name, value in options.items()))
    monkeypatch.setenv("SPARK_CONF_DIR", str(tmp_path))
    home = tmp_path / "spark"  # in which workers have their folders
    home.mkdir()
    for path in Path(pyspark.__file__).parent.iterdir():
        (home / path.name).symlink_to(path)
    monkeypatch.setenv("SPARK_HOME", str(home))
    monkeypatch.setenv("SPARK_LOCAL_DIRS", str(tmp_path / "scratch"))
    monkeypatch.setenv("SPARK_LOCAL_IP", "127.0.0.1")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))  # executors have another working directory


class Trap(Thread):
    """Kills the executor that is the first to read a document, in the middle of it.

    Until then a pipe is in the document's place, so that its reader waits for whoever writes.

    Attributes:
        killed: the processes: the executor, and its Python.
    """

    def __init__(self, document: Path) -> None:
        super().__init__(daemon=True)
        self._document, self._kept = document, document.with_suffix(".kept")
        self.killed: list[int] = []
        document.rename(self._kept)
        os.mkfifo(document)

    def run(self) -> None:
        with self._document.open("wb") as pipe:  # which waits for a reader
            (python,) = _readers_of(self._document)
            executor = next(pid for pid in _ancestors(python) if _EXECUTOR in _read(pid, "cmdline"))
            self._kept.replace(self._document)  # whoever reads it from now on gets the document
            for pid in (executor, python):
                os.kill(pid, signal.SIGKILL)
                self.killed.append(pid)
            with suppress(BrokenPipeError):
                pipe.write(b"too late")


def _readers_of(path: Path) -> Iterator[int]:
    """Who has a file open for reading, but for this process."""
    for link in Path("/proc").glob("[0-9]*/fd/*"):
        with suppress(OSError):
            if link.readlink() == path and int(link.parts[2]) != os.getpid():
                yield int(link.parts[2])


def _ancestors(pid: int) -> Iterator[int]:
    while pid > 1:
        yield pid
        pid = int(_read(pid, "stat").rpartition(")")[2].split()[1])


def _read(pid: int, name: str) -> str:
    return Path(f"/proc/{pid}/{name}").read_text()


@pytest.mark.no_cover
@pytest.mark.skipif(sys.platform != "linux", reason="the processes are found in /proc")
def test_a_day_is_the_same_although_an_executor_is_lost(cluster: None, tmp_path: Path) -> None:
    require_java()
    data = tmp_path / "data"
    lay_raw_day(Library(ITEMS, 100, Shape.NEW, seed=2026), data)
    backends = choose_backends(load_settings(SPOTIFY_PIPELINE_DATA_DIR=str(data), SPOTIFY_PIPELINE_COMPUTE="spark"))
    raw_day = backends.raw.open_day(DAY)
    transform_day(backends, raw_day)
    wanted = read_all(backends.tables, DAY)
    middle = raw_day.manifest.playlists[len(raw_day.manifest.playlists) // 2].playlist_id
    trap = Trap(data / "raw" / "playlists" / f"snapshot_date={DAY}" / f"{middle}.json.gz")
    trap.start()

    job = build_defs(backends, retry_policy=None).resolve_job_def(DAILY_JOB)
    with DagsterInstance.ephemeral() as instance:
        result = job.execute_in_process(
            run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
            partition_key=date.isoformat(DAY),
            instance=instance,
            asset_selection=[AssetKey(name) for name in TABLES],
            raise_on_error=False,
        )
        log = [entry.user_message for entry in instance.all_logs(result.run_id)]
    printed = (data / "spark.log").read_text()
    assert result.success, printed
    assert len(trap.killed) == 2
    assert "ExecutorLostFailure" in printed
    for name, frame in read_all(backends.tables, DAY).items():
        assert_frame_equal(frame, wanted[name])
    assert wanted["playlist_items"].height == ITEMS

    shown = {
        str(event.asset_key): event.materialization.metadata for event in result.get_asset_materialization_events()
    }
    for metadata in shown.values():
        assert metadata["spark_shares"].value == SHARES
        assert metadata["spark_log"].value == str(data / "spark.log")
    assert any(f"in {SHARES} shares" in line for line in log)
