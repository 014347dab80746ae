"""The job on this machine, or wherever the user's configuration of Spark says: `python -m spotify_pipeline.spark`."""

import os
from pathlib import Path

from spotify_pipeline.backends.local import LocalWarehouse
from spotify_pipeline.spark.entry import parser, run


def main() -> None:
    """Do what the command line says."""
    options = parser()
    options.add_argument("--data-dir", required=True, help="the data folder")
    options.add_argument("--log", type=Path, help="a file for all that is printed, by Java and Spark above all")
    arguments = options.parse_args()
    if arguments.log:
        _print_into(arguments.log)
    variables = {"SPOTIFY_PIPELINE_TARGET": "local", "SPOTIFY_PIPELINE_DATA_DIR": arguments.data_dir}
    run(arguments, LocalWarehouse, **variables)


def _print_into(path: Path) -> None:
    """Let the file take what this process prints, and those that it starts."""
    with path.open("w", encoding="utf-8") as file:
        for standard in (1, 2):
            os.dup2(file.fileno(), standard)


if __name__ == "__main__":
    main()
