"""Pages of the documentation whose commands are run in their order: which these are, which are not run, and how."""

import os
import re
import socket
import subprocess
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
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


def run_commands(
    script: str, folder: Path, address: str, variables: Mapping[str, str], timeout: float = 300
) -> "subprocess.CompletedProcess[str]":
    """Run what a page says to type, as its reader, who is at home in a folder and has an AWS at an address.

    Args:
        script: the commands.
        folder: where they are typed; its `bin` has programs of the reader's, such as an editor.
        address: of the emulator.
        variables: of the environment, besides.
        timeout: in seconds.
    """
    return subprocess.run(
        ["/usr/bin/env", "bash", "-euo", "pipefail", "-c", script],
        cwd=folder,
        env={
            "PATH": f"{folder / 'bin'}:{os.environ['PATH']}",
            "HOME": str(folder),
            "EDITOR": "editor",
            "AWS_ENDPOINT_URL": address,
            **variables,
        },
        stdin=subprocess.DEVNULL,
        check=False,
        capture_output=True,
        text=True,
        timeout=timeout,
    )


def to_log_in(folder: Path, url: str, today: date) -> dict[str, str]:
    """The variables of a reader who has a browser in the folder, and a Spotify at this address."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    return {
        "BROWSER": f"{folder / 'bin' / 'browser'} %s &",
        "SPOTIFY_PIPELINE_ACCOUNTS_URL": url,
        "SPOTIFY_PIPELINE_API_URL": f"{url}/v1/",
        "SPOTIFY_PIPELINE_TODAY": today.isoformat(),
        "SPOTIPY_REDIRECT_URI": f"http://127.0.0.1:{port}/callback",
    }
