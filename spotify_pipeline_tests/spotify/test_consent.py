from datetime import UTC, datetime, timedelta

import pytest

from spotify_pipeline.spotify.consent import Consent

GIVEN = datetime(2026, 1, 2, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("given", "ends"),
    [
        ("2026-01-02T12:00", "2026-07-02T12:00"),
        ("2026-07-15T00:00", "2027-01-15T00:00"),
        ("2026-12-31T23:59", "2027-06-30T23:59"),
        ("2026-08-31T08:00", "2027-02-28T08:00"),
        ("2027-08-30T08:00", "2028-02-29T08:00"),
    ],
)
def test_consent_lasts_six_calendar_months(given: str, ends: str) -> None:
    consent = Consent(datetime.fromisoformat(given).replace(tzinfo=UTC), is_exact=True)
    assert consent.ends == datetime.fromisoformat(ends).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("passed", "left"),
    [
        (timedelta(), 181),
        (timedelta(hours=1), 180),
        (timedelta(days=180), 1),
        (timedelta(days=181), 0),
        (timedelta(days=181, seconds=1), -1),
    ],
)
def test_days_left_are_whole_days(passed: timedelta, left: int) -> None:
    assert Consent(GIVEN, is_exact=True).days_left(GIVEN + passed) == left


@pytest.mark.parametrize(
    ("left", "urgency"), [(181, None), (31, None), (30, "warning"), (8, "warning"), (7, "error"), (-1, "error")]
)
def test_the_end_becomes_urgent(left: int, urgency: str | None) -> None:
    consent = Consent(GIVEN, is_exact=True)
    assert consent.urgency(consent.ends - timedelta(days=left)) == urgency
