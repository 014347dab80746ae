"""Build what the Glue job is made of: `python3.13 -m deploy.bundle_spark FOLDER`.

    job.py              what Glue starts
    package.zip         the package
    wheels.gluewheels.zip   the wheels that it needs, in the form that Glue installs by itself, without a network

As with the functions' zips, the same package and constraints.txt give the same bytes.
"""

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from deploy.bundle import copy_package, pack, pip

JOB = "job.py"
PACKAGE = "package.zip"
WHEELS = "wheels.gluewheels.zip"
FILES = (JOB, PACKAGE, WHEELS)

_ARCHITECTURE = "x86_64"  # which all of Glue's workers are
_JOB = "from spotify_pipeline.spark.glue import main\n\nmain()\n"


def main() -> None:
    """Build it into the folder that the command line names."""
    if len(sys.argv) != 2:
        sys.exit("usage: python -m deploy.bundle_spark FOLDER")
    target = Path(sys.argv[1])
    target.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory() as folder:
        wheels, package = Path(folder, "downloaded", "wheels"), Path(folder, "package")
        pip("download", "spark", _ARCHITECTURE, f"--dest={wheels}")
        # All of them, with their versions: what Glue has of its own would do for a name alone.
        pins = sorted("==".join(wheel.name.split("-")[:2]) for wheel in wheels.glob("*.whl"))
        (wheels / "requirements.txt").write_text("\n".join([*pins, ""]), encoding="utf-8")
        pack(wheels.parent, target / WHEELS)
        package.mkdir()
        copy_package(package)
        pack(package, target / PACKAGE)
    (target / JOB).write_text(_JOB, encoding="utf-8")  # last, as it is what make looks at


if __name__ == "__main__":
    main()
