"""What a Dockerfile says, and what of it can be done without an engine: ENV, WORKDIR and COPY, in a folder."""

import re
import shlex
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple


class Instruction(NamedTuple):
    """One instruction, its lines joined."""

    name: str
    text: str


@dataclass
class Image:
    """The part of an image that is made without running anything.

    Attributes:
        root: What stands for `/`.
        working_dir: Where commands are started.
        environment: Variables, with what lies in the image as paths below `root`.
    """

    root: Path
    working_dir: Path
    environment: dict[str, str] = field(default_factory=dict)


def instructions(dockerfile: Path) -> Iterator[Instruction]:
    """The instructions in their order."""
    text = re.sub(r"^#.*\n", "", dockerfile.read_text(), flags=re.MULTILINE)
    for line in re.sub(r"\\\n", " ", text).splitlines():
        if line.strip():
            name, _, rest = line.partition(" ")
            yield Instruction(name, rest.strip())


def laid_out(dockerfile: Path, context: Path, root: Path) -> Image:
    """Carry out in `root` what is no RUN: what another user must own or a program has to install is not there."""
    image = Image(root, root)
    for name, text in instructions(dockerfile):
        if name == "ENV":
            image.environment |= dict(part.split("=", 1) for part in shlex.split(text))
        if name == "WORKDIR":
            image.working_dir = root / text.lstrip("/")
            image.working_dir.mkdir(parents=True)
        if name == "COPY":
            *sources, target = shlex.split(text)
            for source in sources:
                _copy(context / source, image.working_dir, target)
    image.environment = {
        name: str(root / value.lstrip("/")) if value.startswith("/") else value
        for name, value in image.environment.items()
    }
    return image


def _copy(source: Path, working_dir: Path, target: str) -> None:
    """As COPY does: a folder's content goes into the target, a file goes below a target that ends with `/`."""
    path = working_dir / target
    if source.is_dir():
        shutil.copytree(source, path, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
    else:
        (path if target.endswith("/") else path.parent).mkdir(parents=True, exist_ok=True)
        shutil.copy(source, path)
