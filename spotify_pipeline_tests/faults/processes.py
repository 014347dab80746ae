"""Processes that a test starts, with its settings in their environment."""

import os
import sys
from pathlib import Path

from pydantic import SecretStr

from spotify_pipeline.settings import Settings

PYTHON, COMMAND = sys.executable, str(Path(sys.executable).with_name("spotify-pipeline"))
TODAY = [PYTHON, "-m", "spotify_pipeline_tests.faults.today"]
_ROOT = Path(__file__).parents[2]


def environment(settings: Settings, **more: str) -> dict[str, str]:
    """The environment that gives these settings."""
    fields = type(settings).model_fields
    given = {str(fields[name].validation_alias): getattr(settings, name) for name in settings.model_fields_set}
    variables = {
        name: value.get_secret_value() if isinstance(value, SecretStr) else str(value) for name, value in given.items()
    }
    return {**os.environ, "PYTHONPATH": str(_ROOT), **variables, **more}
