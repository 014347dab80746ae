"""What can go wrong between this program and Spotify, by what a caller can do about it."""

from spotify_pipeline.errors import SpotifyError


class LoginError(SpotifyError):
    """Spotify does not accept the app or the user's consent: trying again cannot help."""


class UnreachableError(SpotifyError):
    """Spotify did not answer, or only with server errors."""

    may_pass = True


class RefusedError(SpotifyError):
    """Spotify answered with an error of its own; `status` is the HTTP status."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


class QuotaError(SpotifyError):
    """No further request is allowed for longer than a run can wait: Spotify's quota, or the budget that is set."""


class OutOfTimeError(QuotaError):
    """The time that the run was given is up: what is complete is kept, and another run can go on at once."""


class ClockError(SpotifyError):
    """This machine's clock is so far from Spotify's that the day would get the wrong date."""


class MalformedError(SpotifyError):
    """Spotify answered with success, but `body` is not the document that was asked for."""

    def __init__(self, message: str, body: bytes) -> None:
        super().__init__(message)
        self.body = body
