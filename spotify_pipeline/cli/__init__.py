"""The command `spotify-pipeline`: one module for each command.

What takes long to import (Dagster above all) is imported by the command that needs it.
"""

from spotify_pipeline.cli.main import main

__all__ = ["main"]
