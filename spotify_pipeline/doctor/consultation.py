"""Asking Spotify: one question after the other, until an answer shows that further ones are of no use."""

from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import replace
from functools import cached_property
from typing import NamedTuple, Self

from spotify_pipeline.backends.choice import Backends
from spotify_pipeline.doctor.findings import Facts, Finding, Group, State
from spotify_pipeline.errors import DataError, PipelineError, SettingsError, StorageError
from spotify_pipeline.spotify.client import SpotifyClient
from spotify_pipeline.spotify.documents import Account, decode
from spotify_pipeline.spotify.errors import ClockError, LoginError, QuotaError, UnreachableError
from spotify_pipeline.spotify.patience import Tell
from spotify_pipeline.steps.notices import consent_notice

_ABOUT_EVERY_QUESTION = (LoginError, QuotaError, ClockError, SettingsError, StorageError)

_MOST_UNANSWERED = 3
"""Questions in a row without an answer, after which no more are asked: the third is one that the daily job asks too."""

_URGENCIES = {None: State.OK, "warning": State.WARNING, "error": State.PROBLEM}


class _End(NamedTuple):
    """Why nothing more is asked, and the subject under which that is told."""

    subject: str
    error: PipelineError


class Consultation:
    """A context manager: the client is opened with the first question and closed in the end.

    Attributes:
        user: who has logged in, once that is known.
        is_extended: whether the app has extended quota mode, once that is known.
    """

    def __init__(self, backends: Backends, tell: Tell) -> None:
        self.user: Account | None = None
        self.is_extended: bool | None = None
        self._backends, self._tell = backends, tell
        self._stack = ExitStack()
        self._end: _End | None = None
        self._unanswered = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(StorageError):  # the quota cannot be written down; what is found out about the storage tells why
            self._stack.close()

    @cached_property
    def client(self) -> SpotifyClient:
        """The client; only to be used in a question."""
        return self._stack.enter_context(self._backends.spotify(self._tell))

    def ask(self, group: Group, subject: str, question: Callable[[], Finding]) -> Finding:
        """What `question` finds, or why it found nothing or was not asked."""
        if self._end is None:
            try:
                finding = question()
            except PipelineError as error:
                self._consider(subject, error)
                if self._end is None:
                    return Finding(group, subject, State.PROBLEM, _sentence(error))
            else:
                self._unanswered = 0
                return finding
        return self._after(self._end, group, subject)

    def account(self) -> Finding:
        """Whose playlists are read."""
        return self.ask(Group.SPOTIFY, "account", self._account)

    def app_mode(self) -> Finding:
        """What Spotify allows the app."""
        return self.ask(Group.SPOTIFY, "app mode", self._app_mode)

    def token(self) -> Finding:
        """How long the user's consent holds: known without asking, but for a new token only after it was used."""
        try:
            notice = consent_notice(self._backends)
        except StorageError as error:
            return Finding(Group.SPOTIFY, "token", State.PROBLEM, str(error))
        facts: Facts = {"days_left": notice.numbers.get("days_left")}
        return Finding(Group.SPOTIFY, "token", _URGENCIES[notice.urgency], notice.text, facts)

    def quota(self) -> Finding:
        """What has been asked today, this consultation's own questions included, and whether more may be."""
        finding = self.ask(Group.SPOTIFY, "quota", self._quota)
        is_used_up = self._end is not None and isinstance(self._end.error, QuotaError)
        return replace(finding, facts=self._quota_facts()) if is_used_up else finding

    def clock(self) -> list[Finding]:
        """This machine's clock, where it is wrong."""
        return [self._after(self._end, Group.SPOTIFY, "clock")] if self._end and self._end.subject == "clock" else []

    def _account(self) -> Finding:
        self.client.quota.require()
        if not self.client.is_user:
            return _fine("account", "the app itself: no user has logged in", id=None, name=None)
        self.user = user = decode(self.client.me(), Account)
        return _fine("account", f"{user.display_name or user.id} ({user.id})", id=user.id, name=user.display_name)

    def _app_mode(self) -> Finding:
        self.is_extended = self.client.is_extended()
        if self.is_extended:
            return _fine("app mode", "extended: it may read the contents of every public playlist", mode="extended")
        limit = (
            "only of playlists that the account owns or collaborates on" if self.client.is_user else "of no playlist"
        )
        return _fine("app mode", f"development: it may read the contents {limit}", mode="development")

    def _quota(self) -> Finding:
        self.client.quota.require()
        facts = self._quota_facts()
        budget = f"{facts['spent']} of {facts['budget']}" if facts["budget"] else facts["spent"]
        return _fine("quota", f"{budget} requests spent today", **facts)

    def _quota_facts(self) -> Facts:
        state = self.client.quota.state()
        until = state.blocked_until.isoformat() if state.blocked_until else None
        return {"spent": state.spent, "budget": self._backends.settings.request_budget, "blocked_until": until}

    def _consider(self, subject: str, error: PipelineError) -> None:
        """Decide whether an error is the end."""
        self._unanswered = self._unanswered + 1 if isinstance(error, UnreachableError) else 0
        if isinstance(error, _ABOUT_EVERY_QUESTION) or self._unanswered == _MOST_UNANSWERED:
            told_as = (
                "quota" if isinstance(error, QuotaError) else "clock" if isinstance(error, ClockError) else subject
            )
            self._end = _End(told_as, error)

    @staticmethod
    def _after(end: _End, group: Group, subject: str) -> Finding:
        if subject == end.subject:
            return Finding(group, subject, State.PROBLEM, str(end.error), fails_day=True)
        return Finding(group, subject, State.NOT_ASKED, f"see {end.subject}")


def _fine(subject: str, detail: str, **facts: str | int | None) -> Finding:
    return Finding(Group.SPOTIFY, subject, State.OK, detail, facts)


def _sentence(error: PipelineError) -> str:
    return f"Spotify's answer is not what it documents: {error}" if isinstance(error, DataError) else str(error)
