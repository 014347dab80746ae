"""The errors that this package raises on purpose.

Each message is one sentence that says what is wrong and what to do. The command line prints it without a
traceback; Dagster shows it as the reason of the failed step. Anything else that is raised is a bug.
"""


class PipelineError(Exception):
    """Something that the user can put right: the base of every error in this package."""

    may_pass = False
    """Whether the same call may succeed a little later without anybody doing anything."""


class SettingsError(PipelineError):
    """A setting is missing, malformed or contradicts another one."""


class SpotifyError(PipelineError):
    """Spotify could not be asked, or did not answer as its documentation says."""


class StorageError(PipelineError):
    """A folder or bucket cannot be read or written."""


class DataError(PipelineError):
    """Stored data is missing, damaged, or did not pass its audit."""


class QueryError(PipelineError):
    """A SQL statement cannot be parsed, translated or executed."""
