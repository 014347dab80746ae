"""Pages of the documentation whose commands are run in their order: which these are, and which are not run."""

import re
from collections.abc import Iterator
from typing import NamedTuple

_NOT_RUN = re.compile(r"> Not run by the test: [^\n]+\n\n$")


class Block(NamedTuple):
    """A block of commands, without the page's indentation."""

    commands: str
    is_run: bool


def fenced(page: str, language: str) -> Iterator[tuple[str, str]]:
    """Each block of a language, after the text before it."""
    for found in re.finditer(rf"^( *)```{language}\n(.*?)^\1```$", page, flags=re.DOTALL | re.MULTILINE):
        yield page[: found.start()], re.sub(f"^{found[1]}", "", found[2], flags=re.MULTILINE)


def blocks(page: str) -> list[Block]:
    """Everything that the page says to type.

    Raises:
        AssertionError: a block or a mark would be overlooked.
    """
    found = [Block(commands, not _NOT_RUN.search(before)) for before, commands in fenced(page, "console")]
    assert page.count("```console") == len(found)
    assert page.count("> Not run by the test") == len([block for block in found if not block.is_run])
    return found
