"""What a format makes of something."""

from typing import NamedTuple

from rich.console import RenderableType


class Printed(NamedTuple):
    """What is printed.

    Attributes:
        body: text for programs as it is, or what rich draws as wide as the terminal.
        note: what is to be known of it, for standard error.
    """

    body: str | RenderableType
    note: str | None = None
