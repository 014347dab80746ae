"""A user's consent: since when it holds, and how much of its six months is left."""

from calendar import monthrange
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

CONSENT_MONTHS = 6
"""After so many calendar months Spotify no longer accepts the refresh token; using it does not extend that."""

WARNING_DAYS, ERROR_DAYS = 30, 7
"""With so many days left, or fewer, it is time to log in again, or high time."""


@dataclass(frozen=True)
class Consent:
    """When a user agreed that the app may read.

    Attributes:
        given_at: when that was.
        is_exact: whether it was seen, by `login`. A refresh token that comes from the environment only tells when it
            was first used here: consent is at least as old.
    """

    given_at: datetime
    is_exact: bool

    @property
    def ends(self) -> datetime:
        """When it ends; at the latest, where it is not exact."""
        years, month = divmod(self.given_at.month - 1 + CONSENT_MONTHS, 12)
        year = self.given_at.year + years
        day = min(self.given_at.day, monthrange(year, month + 1)[1])
        return self.given_at.replace(year=year, month=month + 1, day=day)

    def days_left(self, now: datetime) -> int:
        """Whole days until it ends (at most, where it is not exact), negative once it has."""
        return (self.ends - now).days

    def urgency(self, now: datetime) -> Literal["warning", "error"] | None:
        """How urgent it is to log in again."""
        days = self.days_left(now)
        return "error" if days <= ERROR_DAYS else "warning" if days <= WARNING_DAYS else None
