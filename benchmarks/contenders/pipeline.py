"""This project: all nine tables, sorted and staged, as the daily job does it."""

from benchmarks.contenders import Given, run
from benchmarks.raw_day import DAY
from spotify_pipeline.backends.local import LocalWarehouse
from spotify_pipeline.settings import load_settings
from spotify_pipeline.steps.tables import transform_day
from spotify_pipeline.tables.declarations import TABLES


def contend(given: Given) -> None:
    """Transform the day and stage its tables."""
    (given.output / "raw").symlink_to(given.day / "raw", target_is_directory=True)
    backends = LocalWarehouse(load_settings(SPOTIFY_PIPELINE_DATA_DIR=str(given.output)))
    for name, frame in transform_day(backends, backends.raw.open_day(DAY)).items():
        backends.tables.stage(TABLES[name], DAY, frame)


if __name__ == "__main__":
    run(contend)
