"""Calls in Python processes of their own."""

import os
import subprocess
import sys
from functools import partial

import pytest

from spotify_pipeline.errors import DataError
from spotify_pipeline.steps.processes import ProcessKilledError, call_in_process

CALLED_WITHOUT_A_GUARD = """
from functools import partial
from spotify_pipeline.steps.processes import call_in_process
print("once")
print(call_in_process(partial(divmod, 7, 2)))
"""


def shout(text: str) -> str:
    print(text)  # noqa: T201  # it is what is tested
    return text.upper()


def refuse(reason: str) -> None:
    raise DataError(reason)


def test_a_call_is_made_in_another_process() -> None:
    assert call_in_process(os.getpid) != os.getpid()


def test_what_is_printed_is_no_part_of_the_answer(capfd: pytest.CaptureFixture[str]) -> None:
    assert call_in_process(partial(shout, "heard")) == "HEARD"
    assert capfd.readouterr() == ("", "heard\n")


def test_an_error_is_raised_where_the_call_came_from() -> None:
    with pytest.raises(DataError, match="so it is"):
        call_in_process(partial(refuse, "so it is"))


@pytest.mark.parametrize("call", [os.abort, partial(os._exit, 3)])
def test_a_process_that_ends_before_its_call_is_told_of(call: partial[None]) -> None:
    with pytest.raises(ProcessKilledError):
        call_in_process(call)


def test_a_script_that_was_not_made_for_it_is_not_run_again() -> None:
    ran = subprocess.run(
        [sys.executable, "-"], input=CALLED_WITHOUT_A_GUARD, capture_output=True, text=True, check=True
    )
    assert ran.stdout == "once\n(3, 1)\n"
