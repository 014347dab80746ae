"""Drawing for people: as wide as the terminal and with its colours, or whole and plain where there is none."""

import os
import sys
from io import StringIO

from rich.console import Console, RenderableType

_WIDE = 1_000_000  # columns; without a terminal each row is one line


def drawn(what: RenderableType) -> str:
    """What rich makes of it, for standard output."""
    on_terminal = sys.stdout.isatty()
    output = StringIO()
    Console(
        file=output,
        force_terminal=on_terminal,
        width=None if on_terminal else _WIDE,
        color_system="auto" if on_terminal and not os.environ.get("NO_COLOR") else None,
        highlight=False,
    ).print(what)
    return "\n".join(line.rstrip() for line in output.getvalue().splitlines())
