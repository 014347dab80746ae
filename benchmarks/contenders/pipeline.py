"""This project: all nine tables, sorted and staged, as the daily job does it."""

from benchmarks.contenders import Given, run
from benchmarks.raw_day import DAY
from spotify_pipeline.backends.local import LocalWarehouse
from spotify_pipeline.settings import load_settings
from spotify_pipeline.steps.transform import transform_day


def contend(given: Given, processes: int | None = None) -> None:
    """Transform the day and stage its tables, in as many processes as it chooses or is told."""
    (given.output / "raw").symlink_to(given.day / "raw", target_is_directory=True)
    backends = LocalWarehouse(load_settings(SPOTIFY_PIPELINE_DATA_DIR=str(given.output)))
    transform_day(backends, backends.raw.open_day(DAY), processes=processes)


if __name__ == "__main__":
    run(contend)
