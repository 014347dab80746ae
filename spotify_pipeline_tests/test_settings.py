import re
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spotify_pipeline.errors import SettingsError
from spotify_pipeline.settings import Settings, load_settings

SECRETS = {"SPOTIPY_CLIENT_SECRET": "app-secret", "SPOTIFY_REFRESH_TOKEN": "refresh-token"}
REPLAY = {"SPOTIFY_PIPELINE_API_URL": "http://127.0.0.1:8000/v1/"}


def test_without_any_variable_the_settings_are_those_of_a_laptop() -> None:
    settings = load_settings()
    assert settings.target == "local"
    assert settings.data_dir == Path.cwd() / "data"
    assert settings.playlists == "mine"
    assert str(settings.api_url) == "https://api.spotify.com/v1/"
    assert str(settings.accounts_url) == "https://accounts.spotify.com/"
    assert settings.start_date == date(2025, 1, 1)
    assert (settings.client_id, settings.client_secret, settings.refresh_token) == (None, None, None)


def test_every_setting_has_its_own_variable(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    variables = {
        "SPOTIFY_PIPELINE_TARGET": "aws",
        "SPOTIFY_PIPELINE_DATA_DIR": str(tmp_path),
        "SPOTIFY_PIPELINE_RAW_BUCKET": "my-raw",
        "SPOTIFY_PIPELINE_TABLES_BUCKET": "my-tables",
        "SPOTIFY_PIPELINE_GLUE_DATABASE": "music",
        "SPOTIFY_PIPELINE_CATALOG_MODE": "crawler",
        "SPOTIFY_PIPELINE_CRAWLER_ROLE": "crawler-role",
        "SPOTIFY_PIPELINE_ATHENA_WORKGROUP": "analysts",
        "SPOTIFY_PIPELINE_SECRET_ID": "my-secret",
        "SPOTIFY_PIPELINE_PLAYLISTS": "37i9dQZF1DXcBWIGoYBM5M",
        "SPOTIFY_PIPELINE_API_URL": "http://127.0.0.1:8000/v1/",
        "SPOTIFY_PIPELINE_ACCOUNTS_URL": "http://127.0.0.1:8000/",
        "SPOTIFY_PIPELINE_START_DATE": "2021-04-08",
        "SPOTIFY_PIPELINE_TODAY": "2021-04-09",
        "SPOTIPY_CLIENT_ID": "client",
        "SPOTIPY_CLIENT_SECRET": "app-secret",
        "SPOTIPY_REDIRECT_URI": "http://127.0.0.1:9000/callback",
        "SPOTIFY_REFRESH_TOKEN": "refresh-token",
        "SPOTIFY_PIPELINE_REQUEST_BUDGET": "1000",
        "SPOTIFY_PIPELINE_LONGEST_WAIT": "60",
        "SPOTIFY_PIPELINE_MAX_LOSS": "0.25",
        "SPOTIFY_PIPELINE_ENRICH": "new",
        "SPOTIFY_PIPELINE_MONTHS": "none",
        "SPOTIFY_PIPELINE_RETENTION_DAYS": "400",
        "SPOTIFY_PIPELINE_COMPUTE": "lambda",
        "SPOTIFY_PIPELINE_EXTRACT_FUNCTION": "reads",
        "SPOTIFY_PIPELINE_TRANSFORM_FUNCTION": "arn:aws:lambda:eu-central-1:123456789012:function:makes:live",
        "SPOTIFY_PIPELINE_SPARK_JOB": "computes",
        "SPOTIFY_PIPELINE_WEBHOOK_URL": "https://hooks.example.com/secret-path",
        "SPOTIFY_PIPELINE_NOTIFY_TOPIC": "arn:aws:sns:eu-central-1:123456789012:playlists",
    }
    assert {field.validation_alias for field in Settings.model_fields.values()} == set(variables)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    settings = load_settings()
    assert settings.data_dir == tmp_path
    assert (settings.target, settings.raw_bucket, settings.tables_bucket) == ("aws", "my-raw", "my-tables")
    assert (settings.glue_database, settings.catalog_mode) == ("music", "crawler")
    assert (settings.crawler_role, settings.athena_workgroup) == ("crawler-role", "analysts")
    assert settings.secret_id == "my-secret"
    assert settings.playlists == "37i9dQZF1DXcBWIGoYBM5M"
    assert str(settings.api_url) == "http://127.0.0.1:8000/v1/"
    assert str(settings.accounts_url) == "http://127.0.0.1:8000/"
    assert (settings.start_date, settings.today()) == (date(2021, 4, 8), date(2021, 4, 9))
    assert settings.client_id == "client"
    assert settings.redirect_uri == "http://127.0.0.1:9000/callback"
    assert settings.client_secret is not None
    assert settings.client_secret.get_secret_value() == "app-secret"
    assert settings.refresh_token is not None
    assert settings.refresh_token.get_secret_value() == "refresh-token"
    assert (settings.request_budget, settings.longest_wait) == (1000, 60)
    assert (settings.max_loss, settings.enrich) == (0.25, "new")
    assert (settings.compute, settings.extract_function) == ("lambda", "reads")
    assert settings.transform_function.endswith(":function:makes:live")
    assert settings.spark_job == "computes"


def test_every_setting_is_described() -> None:
    assert [name for name, field in Settings.model_fields.items() if not field.description] == []


def test_what_is_passed_wins_over_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPOTIFY_PIPELINE_PLAYLISTS", "mine")
    assert load_settings(SPOTIFY_PIPELINE_PLAYLISTS="37i9dQZF1DXcBWIGoYBM5M").playlists == "37i9dQZF1DXcBWIGoYBM5M"


@pytest.mark.parametrize("blank", ["", "  ", "\n"])
def test_a_blank_variable_counts_as_not_set(monkeypatch: pytest.MonkeyPatch, blank: str) -> None:
    for field in Settings.model_fields.values():
        monkeypatch.setenv(str(field.validation_alias), blank)
    assert load_settings() == load_settings(SPOTIFY_PIPELINE_PLAYLISTS=" ", SPOTIFY_REFRESH_TOKEN=blank)
    assert load_settings().refresh_token is None
    assert load_settings().playlists == "mine"


def test_white_space_around_a_value_is_not_part_of_it() -> None:
    settings = load_settings(SPOTIPY_CLIENT_ID=" client ", SPOTIPY_CLIENT_SECRET="app-secret\n")
    assert settings.client_id == "client"
    assert settings.client_secret is not None
    assert settings.client_secret.get_secret_value() == "app-secret"


def test_the_home_folder_may_be_written_with_a_tilde(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert load_settings(SPOTIFY_PIPELINE_DATA_DIR="~/data").data_dir == tmp_path / "data"


def test_a_relative_data_folder_stays_the_same_one_when_the_working_directory_changes(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    settings = load_settings(SPOTIFY_PIPELINE_DATA_DIR="here")
    monkeypatch.chdir("/")
    assert settings.data_dir == tmp_path / "here"


def test_today_is_the_day_in_utc() -> None:
    before = datetime.now(UTC).date()
    today = load_settings().today()
    assert before <= today <= datetime.now(UTC).date()


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("SPOTIFY_PIPELINE_TARGET", "lokal"),
        ("SPOTIFY_PIPELINE_API_URL", "api.spotify.com"),
        ("SPOTIFY_PIPELINE_API_URL", "ftp://api.spotify.com/v1/"),
        ("SPOTIFY_PIPELINE_ACCOUNTS_URL", "nowhere"),
        ("SPOTIFY_PIPELINE_START_DATE", "8 April 2021"),
        ("SPOTIFY_PIPELINE_START_DATE", "2021-02-30"),
        ("SPOTIFY_PIPELINE_TODAY", "yesterday"),
        ("SPOTIFY_PIPELINE_REQUEST_BUDGET", "0"),
        ("SPOTIFY_PIPELINE_REQUEST_BUDGET", "many"),
        ("SPOTIFY_PIPELINE_LONGEST_WAIT", "-1"),
        ("SPOTIFY_PIPELINE_MAX_LOSS", "1.01"),
        ("SPOTIFY_PIPELINE_MAX_LOSS", "-0.1"),
        ("SPOTIFY_PIPELINE_ENRICH", "all"),
        ("SPOTIFY_PIPELINE_COMPUTE", "cluster"),
        ("SPOTIFY_PIPELINE_EXTRACT_FUNCTION", "two words"),
        ("SPOTIFY_PIPELINE_SPARK_JOB", "two words"),
    ],
)
def test_a_malformed_value_is_refused_with_the_name_of_its_variable(variable: str, value: str) -> None:
    with pytest.raises(SettingsError, match=rf"^{variable}: .+\.$") as caught:
        load_settings(**{variable: value})
    assert "\n" not in str(caught.value)


def test_all_that_is_wrong_is_said_at_once() -> None:
    with pytest.raises(SettingsError) as caught:
        load_settings(SPOTIFY_PIPELINE_TARGET="lokal", SPOTIFY_PIPELINE_START_DATE="soon")
    first, second = str(caught.value).split("; ")
    assert first.startswith("SPOTIFY_PIPELINE_TARGET: ")
    assert second.startswith("SPOTIFY_PIPELINE_START_DATE: ")


def test_a_refusal_repeats_no_value() -> None:
    with pytest.raises(SettingsError) as caught:
        load_settings(**SECRETS, SPOTIFY_PIPELINE_TARGET="refresh-token", SPOTIFY_PIPELINE_START_DATE="app-secret")
    assert "refresh-token" not in repr(caught.value)
    assert "app-secret" not in repr(caught.value)


def test_secrets_do_not_show_when_settings_are_printed() -> None:
    shown = f"{load_settings(**SECRETS)!r} {load_settings(**SECRETS)} {load_settings(**SECRETS).model_dump_json()}"
    assert "app-secret" not in shown
    assert "refresh-token" not in shown


@pytest.mark.parametrize(
    "url", ["https://api.spotify.com/v1/", "https://api.spotify.com/v1", "http://API.spotify.com:80/v1/"]
)
def test_a_fixed_day_is_refused_with_spotifys_own_url(url: str) -> None:
    with pytest.raises(SettingsError, match=r"SPOTIFY_PIPELINE_TODAY is for replay servers"):
        load_settings(SPOTIFY_PIPELINE_TODAY="2025-02-03", SPOTIFY_PIPELINE_API_URL=url)


def test_a_fixed_day_is_refused_with_the_default_url() -> None:
    with pytest.raises(SettingsError, match=r"unset it, or set SPOTIFY_PIPELINE_API_URL\.$"):
        load_settings(SPOTIFY_PIPELINE_TODAY="2025-02-03")


def test_functions_are_refused_for_a_folder_on_this_machine() -> None:
    with pytest.raises(
        SettingsError, match=r"SPOTIFY_PIPELINE_COMPUTE is lambda, which needs SPOTIFY_PIPELINE_TARGET to"
    ):
        load_settings(SPOTIFY_PIPELINE_COMPUTE="lambda")


@given(st.dates(), st.dates())
def test_the_first_partition_cannot_lie_after_today(start: date, today: date) -> None:
    variables = {"SPOTIFY_PIPELINE_START_DATE": start.isoformat(), "SPOTIFY_PIPELINE_TODAY": today.isoformat()}
    if start <= today:
        assert load_settings(**REPLAY, **variables).start_date == start
    else:
        with pytest.raises(SettingsError, match=r"SPOTIFY_PIPELINE_START_DATE .* lies after today"):
            load_settings(**REPLAY, **variables)


@pytest.mark.parametrize("folder", ["/data/env=prod", "/data/all*", "/data/what?", "/data/[1]"])
def test_a_data_folder_whose_name_means_something_in_sql_is_refused(folder: str) -> None:
    with pytest.raises(SettingsError, match=r"SPOTIFY_PIPELINE_DATA_DIR: the path .* choose another folder"):
        load_settings(SPOTIFY_PIPELINE_DATA_DIR=folder)


AWS = {
    "SPOTIFY_PIPELINE_TARGET": "aws",
    "SPOTIFY_PIPELINE_RAW_BUCKET": "my-raw",
    "SPOTIFY_PIPELINE_TABLES_BUCKET": "my-tables",
}


@pytest.mark.parametrize(
    ("variables", "sentence"),
    [
        (
            {"SPOTIFY_PIPELINE_TABLES_BUCKET": ""},
            "aws, which needs SPOTIFY_PIPELINE_RAW_BUCKET and",
        ),
        ({"SPOTIFY_PIPELINE_TABLES_BUCKET": "my-raw"}, "name the same bucket"),
        ({"SPOTIFY_PIPELINE_RAW_BUCKET": "s3://my-raw"}, "SPOTIFY_PIPELINE_RAW_BUCKET: String should match"),
        ({"SPOTIFY_PIPELINE_GLUE_DATABASE": "My Music"}, "SPOTIFY_PIPELINE_GLUE_DATABASE: String should match"),
        ({"SPOTIFY_PIPELINE_ATHENA_WORKGROUP": "my/group"}, "SPOTIFY_PIPELINE_ATHENA_WORKGROUP: String should match"),
    ],
)
def test_what_the_aws_target_cannot_work_with_is_named(variables: dict[str, str], sentence: str) -> None:
    assert load_settings(**AWS).target == "aws"
    with pytest.raises(SettingsError, match=re.escape(sentence)):
        load_settings(**(AWS | variables))


def test_months_need_a_catalog_in_which_days_are_registered() -> None:
    aws = {
        "SPOTIFY_PIPELINE_TARGET": "aws",
        "SPOTIFY_PIPELINE_RAW_BUCKET": "my-raw",
        "SPOTIFY_PIPELINE_TABLES_BUCKET": "my-tables",
        "SPOTIFY_PIPELINE_MONTHS": "compact",
    }
    assert load_settings(**aws).months == "compact"
    with pytest.raises(SettingsError, match="needs SPOTIFY_PIPELINE_CATALOG_MODE to be register"):
        load_settings(**aws, SPOTIFY_PIPELINE_CATALOG_MODE="crawler")
