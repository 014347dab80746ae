"""What a Spark job begins with."""

import pickle
from argparse import Namespace
from datetime import date
from pathlib import Path

import pytest

from spotify_pipeline.backends.local import LocalWarehouse
from spotify_pipeline.backends.warehouse import Warehouse
from spotify_pipeline.spark import entry
from spotify_pipeline.spark.answers import Outcome
from spotify_pipeline.spotify.patience import Tell

DAY = date(2026, 10, 5)


def test_executors_are_sent_no_secret(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    secrets = {"SPOTIPY_CLIENT_SECRET": "app-secret", "SPOTIFY_REFRESH_TOKEN": "refresh-token"}
    for name, secret in secrets.items():
        monkeypatch.setenv(name, secret)
    sent: list[bytes] = []

    def transform(backends: Warehouse, day: date, tell: Tell) -> Outcome:
        sent.append(pickle.dumps(backends.opener()))
        return Outcome(day, {}, 0)

    monkeypatch.setattr(entry, "_transform", transform)
    entry.run(Namespace(day=DAY), LocalWarehouse, SPOTIFY_PIPELINE_DATA_DIR=str(tmp_path))
    (settings,) = sent
    assert tmp_path.name.encode() in settings
    assert not any(secret.encode() in settings for secret in secrets.values())


def test_a_day_without_raw_documents_ends_the_process_with_the_sentence(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with pytest.raises(SystemExit) as end:
        entry.run(Namespace(day=DAY), LocalWarehouse, SPOTIFY_PIPELINE_DATA_DIR=str(tmp_path))
    assert str(end.value.code).startswith(f"There is no raw data for {DAY}")
