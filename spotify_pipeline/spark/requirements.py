"""What a machine needs to start Spark."""

import importlib.util
import os
import shutil

from spotify_pipeline.errors import SettingsError


def require_spark() -> None:
    """Make sure that Spark can be started here, as far as can be seen without starting it.

    Raises:
        SettingsError: something is missing.
    """
    if importlib.util.find_spec("pyspark") is None:
        raise SettingsError(
            "Spark is not installed: install spotify-pipeline[spark], or unset SPOTIFY_PIPELINE_COMPUTE."
        )
    if not (os.environ.get("JAVA_HOME") or shutil.which("java")):
        raise SettingsError("Spark needs Java 17 or newer: install it, or name its folder in JAVA_HOME.")
