"""What a job reports when it is done, to whoever follows it."""

from datetime import date

from msgspec import Struct

from spotify_pipeline.errors import PipelineError


class Outcome(Struct, frozen=True, tag=True):
    """What came of it.

    Attributes:
        day: the day.
        rows: how many each table has.
        shares: in how many parts the documents were read.
    """

    day: date
    rows: dict[str, int]
    shares: int


class Problem(Struct, frozen=True, tag=True):
    """An error that the user can put right.

    Attributes:
        error: its sentence.
        may_pass: whether the same job may succeed a little later.
    """

    error: str
    may_pass: bool

    def as_error(self) -> PipelineError:
        """The error, where somebody is to hear of it."""
        error = PipelineError(self.error)
        error.may_pass = self.may_pass
        return error
