"""What a Spark job begins and ends with: Spark itself, and whoever follows the job."""

import logging
import os
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from datetime import date
from typing import TYPE_CHECKING

from spotify_pipeline.backends.warehouse import Warehouse
from spotify_pipeline.errors import PipelineError, SettingsError
from spotify_pipeline.settings import Settings, load_settings
from spotify_pipeline.spark.answers import Outcome, Problem
from spotify_pipeline.spark.following import follower
from spotify_pipeline.spark.job import transform_day
from spotify_pipeline.spark.merge import SIZES
from spotify_pipeline.spotify.patience import Tell

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

_NO_SECRETS = {"SPOTIPY_CLIENT_SECRET": "", "SPOTIFY_REFRESH_TOKEN": ""}  # executors are sent the settings


def parser() -> ArgumentParser:
    """What every job is told; others may follow that are somebody else's, such as those of AWS Glue."""
    made = ArgumentParser(description=__doc__, allow_abbrev=False)
    made.add_argument("--day", required=True, type=date.fromisoformat, help="the day whose tables are made")
    return made


def run(arguments: Namespace, open_warehouse: Callable[[Settings], Warehouse], **variables: str) -> None:
    """Make and stage the tables of a day, and end the process where that fails.

    Args:
        arguments: what `parser` has read.
        open_warehouse: the target's warehouse.
        variables: settings, besides those of the environment.
    """
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    with follower() as following:
        try:
            backends = open_warehouse(load_settings(**variables, **_NO_SECRETS))
            answer: Outcome | Problem = _transform(backends, arguments.day, following.tell)
        except PipelineError as error:
            answer = Problem(str(error), error.may_pass)
        following.answer(answer)
    if isinstance(answer, Problem):
        sys.exit(answer.error)


def _transform(backends: Warehouse, day: date, tell: Tell) -> Outcome:
    raw_day = backends.raw.open_day(day)
    session = _open_session(day)
    try:
        return transform_day(session, backends, raw_day, tell)
    finally:
        session.stop()


def _open_session(day: date) -> "SparkSession":
    from pyspark import SparkConf  # noqa: PLC0415  # as in the package's other modules
    from pyspark.sql import SparkSession  # noqa: PLC0415

    try:
        conf = SparkConf().setAppName(f"spotify_pipeline {day}").set("spark.ui.showConsoleProgress", "false")
        if conf.get("spark.master", "local").startswith("local"):
            for name in ("spark.driver.bindAddress", "spark.driver.host"):  # nobody else has to reach it
                conf.setIfMissing(name, "127.0.0.1")
            conf.setIfMissing("spark.ui.enabled", "false")
            # Executors would take whichever `python3` is first on the PATH.
            os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
        for name, value in SIZES.items():
            conf.setIfMissing(name, value)
        return SparkSession.builder.config(conf=conf).getOrCreate()
    except RuntimeError as error:  # as pyspark's own error is
        raise SettingsError(
            f"Spark does not start ({error}): it needs Java 17 or newer, in JAVA_HOME or the PATH; its log says more."
        ) from None
