"""What somebody should know although a day is published: it is not complete, or consent is about to end."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

from spotify_pipeline.backends.source import Source
from spotify_pipeline.spotify.manifest import Status
from spotify_pipeline.spotify.token_store import current_consent


@dataclass(frozen=True)
class Notice:
    """What was found.

    Attributes:
        text: a sentence.
        urgency: `error` where somebody is needed soon, `warning` where it is worth knowing, None where all is well.
        numbers: what is worth a curve over the days.
    """

    text: str
    urgency: Literal["error", "warning"] | None = None
    numbers: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Watch:
    """Something to look at after each extraction."""

    name: str
    description: str
    look: Callable[[Source, date], Notice]


def completeness_notice(backends: Source, day: date) -> Notice:
    """Whether a day that was extracted has everything.

    Raises:
        DataError: the day was not extracted.
    """
    manifest = backends.raw.open_day(day).manifest
    failed = [row for row in manifest.playlists if row.status is Status.FAILED]
    numbers = {"failed": len(failed)}
    if manifest.stopped:
        return Notice(f"{len(failed)} playlists of {day} are missing: {manifest.stopped}", "error", numbers)
    if failed:
        text = f"{len(failed)} playlists of {day} failed, such as {failed[0].playlist_id}: {failed[0].reason}"
        return Notice(text, "warning", numbers)
    return Notice("Nothing is missing.", None, numbers)


def consent_notice(backends: Source) -> Notice:
    """How long the user's consent still holds.

    Raises:
        StorageError: the file that remembers it cannot be read.
    """
    consent = current_consent(backends.app_settings, backends.tokens)
    if consent is None:
        return Notice("It is not known when a user consented.")
    now = backends.clock.now()
    days = consent.days_left(now)
    if days < 0:
        text = f"The six months of your consent ended on {consent.ends:%Y-%m-%d}"
    else:
        text = (
            f"Consent holds for {'' if consent.is_exact else 'at most '}{days} more days, until {consent.ends:%Y-%m-%d}"
        )
    urgency = consent.urgency(now)
    text += ": run `spotify-pipeline login`." if urgency else "."
    return Notice(text, urgency, {"days_left": days})


def _look_at_consent(backends: Source, _: date) -> Notice:
    return consent_notice(backends)


WATCHES = (
    Watch(
        "complete",
        "Every playlist could be asked for: no quota, budget or outage stopped the run.",
        completeness_notice,
    ),
    Watch(
        "consent", "The user's consent, which holds for six months, does not end within thirty days.", _look_at_consent
    ),
)
"""All that is looked at. Nothing of it holds a day back."""
