"""Every environment variable that the package reads: typed, described, read once.

The table in the README is generated from the declarations below. What AWS itself reads (`AWS_*`) is not here.
"""

import re
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import Field, HttpUrl, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from spotify_pipeline.errors import SettingsError

SPOTIFY_API_URL = "https://api.spotify.com/v1/"
_BUCKET = r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$"
_FUNCTION = r"^[a-zA-Z0-9:_$-]{1,170}$"
WEBHOOK_URL = re.compile(r"(https://[^\s/@?#]+|http://127\.0\.0\.1(:\d+)?)(/[!-~]*)?")
"""Where messages may be sent to: over TLS, or on this machine."""
_SECRET_ARN = re.compile(r"arn:[!-~]+:secretsmanager:[!-~]+")
_MEANS_SOMETHING_TO_DUCKDB = frozenset("=?*[]")  # in the path of a Parquet file: `name=x` is a column, the rest globs


def _variable(name: str, description: str, **options: Any) -> Any:  # noqa: ANN401  # as pydantic.Field
    return Field(validation_alias=name, description=description, **options)


class Settings(BaseSettings):
    """The settings of one process. Make them with `load_settings`, which explains what is wrong."""

    model_config = SettingsConfigDict(frozen=True, str_strip_whitespace=True, extra="ignore")

    target: Literal["local", "aws"] = _variable(
        "SPOTIFY_PIPELINE_TARGET",
        "Where data is kept and queried: `local` (files and DuckDB) or `aws` (S3, Glue and Athena).",
        default="local",
    )
    data_dir: Path = _variable(
        "SPOTIFY_PIPELINE_DATA_DIR",
        "The folder of the local target: `raw/`, `tables/`, `catalog.duckdb`, `dagster/`; the aws target keeps "
        "`dagster/` there.",
        default=Path("data"),
    )
    raw_bucket: str | None = _variable(
        "SPOTIFY_PIPELINE_RAW_BUCKET",
        "The S3 bucket of the aws target for raw documents.",
        default=None,
        pattern=_BUCKET,
    )
    tables_bucket: str | None = _variable(
        "SPOTIFY_PIPELINE_TABLES_BUCKET",
        "The S3 bucket of the aws target for tables; another one than for raw documents.",
        default=None,
        pattern=_BUCKET,
    )
    glue_database: str = _variable(
        "SPOTIFY_PIPELINE_GLUE_DATABASE",
        "The database in the Glue Data Catalog; small letters, digits and `_`.",
        default="spotify",
        pattern=r"^[a-z0-9_]{1,255}$",  # Athena takes no others without quoting
    )
    catalog_mode: Literal["register", "crawler"] = _variable(
        "SPOTIFY_PIPELINE_CATALOG_MODE",
        "How days get into the Glue Data Catalog: `register` (at once, and exactly those that passed their audit) or "
        "`crawler` (a Glue crawler looks for them, which takes minutes and costs more).",
        default="register",
    )
    crawler_role: str | None = _variable(
        "SPOTIFY_PIPELINE_CRAWLER_ROLE",
        "The name or ARN of the IAM role that the Glue crawler takes; needed to create the crawler.",
        default=None,
    )
    athena_workgroup: str = _variable(
        "SPOTIFY_PIPELINE_ATHENA_WORKGROUP",
        "The Athena workgroup: where results go, and how much a query may scan.",
        default="spotify_pipeline",
        pattern=r"^[a-zA-Z0-9._-]{1,128}$",
    )
    secret_id: str | None = _variable(
        "SPOTIFY_PIPELINE_SECRET_ID",
        "The name or ARN of the Secrets Manager secret with the Spotify credentials; aws target.",
        default=None,
    )
    playlists: str = _variable(
        "SPOTIFY_PIPELINE_PLAYLISTS",
        "`mine` (all of the logged-in user's), or ids, URIs or URLs with commas between.",
        default="mine",
    )
    api_url: HttpUrl = _variable(
        "SPOTIFY_PIPELINE_API_URL", "The Web API's base URL.", default=HttpUrl(SPOTIFY_API_URL)
    )
    accounts_url: HttpUrl = _variable(
        "SPOTIFY_PIPELINE_ACCOUNTS_URL",
        "The base URL of the token and authorize endpoints.",
        default=HttpUrl("https://accounts.spotify.com/"),
    )
    start_date: date = _variable("SPOTIFY_PIPELINE_START_DATE", "The first daily partition.", default=date(2025, 1, 1))
    fixed_today: date | None = _variable(
        "SPOTIFY_PIPELINE_TODAY",
        "A fixed day instead of the UTC clock's, for replay servers; refused with Spotify's own URL.",
        default=None,
    )
    client_id: str | None = _variable("SPOTIPY_CLIENT_ID", "The Spotify app's client id.", default=None)
    client_secret: SecretStr | None = _variable(
        "SPOTIPY_CLIENT_SECRET", "The Spotify app's client secret.", default=None
    )
    redirect_uri: str = _variable(
        "SPOTIPY_REDIRECT_URI",
        "The redirect URI that the app is registered with; `login` listens there.",
        default="http://127.0.0.1:8080/callback",
    )
    refresh_token: SecretStr | None = _variable(
        "SPOTIFY_REFRESH_TOKEN",
        "A user's refresh token; without it the one that `login` stored; else the app logs in as itself and, in "
        "development mode, sees metadata only.",
        default=None,
    )
    request_budget: int | None = _variable(
        "SPOTIFY_PIPELINE_REQUEST_BUDGET",
        "Most Web API requests in a UTC day; what they do not suffice for is read the next day.",
        default=None,
        ge=1,
    )
    longest_wait: int = _variable(
        "SPOTIFY_PIPELINE_LONGEST_WAIT",
        "Seconds that a run waits when Spotify asks for it; if it asks for more, its quota is used up: the run ends.",
        default=300,
        ge=0,
    )
    max_loss: float = _variable(
        "SPOTIFY_PIPELINE_MAX_LOSS",
        "The share of its rows that a playlist may lose from one published day to the next; a day on which one loses "
        "more is held back until it is accepted with `run --accept`.",
        default=0.5,
        ge=0,
        le=1,
    )
    enrich: Literal["none", "new"] = _variable(
        "SPOTIFY_PIPELINE_ENRICH",
        "`new`: read the details of artists and albums that have not been read before (genres, followers, label).",
        default="none",
    )
    months: Literal["none", "compact"] = _variable(
        "SPOTIFY_PIPELINE_MONTHS",
        "`compact`: Dagster has the asset `table_months`, which copies the days of a month into a few large files, and "
        "Athena is asked in the database that reads them, `<Glue database>_months`.",
        default="none",
    )
    retention_days: int | None = _variable(
        "SPOTIFY_PIPELINE_RETENTION_DAYS",
        "How many days before today are kept; older ones are removed by the daily job. All are kept without it.",
        default=None,
        ge=1,
    )
    compute: Literal["local", "lambda", "spark"] = _variable(
        "SPOTIFY_PIPELINE_COMPUTE",
        "Where Dagster lets extraction and transformation run: `local` (in its own process), `lambda` (in the "
        "functions in AWS; aws target) or `spark` (the transformation alone, on Apache Spark: on this machine, or in "
        "AWS Glue with the aws target).",
        default="local",
    )
    extract_function: str = _variable(
        "SPOTIFY_PIPELINE_EXTRACT_FUNCTION",
        "The name or ARN of the Lambda function that extracts.",
        default="spotify-pipeline-extract",
        pattern=_FUNCTION,
    )
    transform_function: str = _variable(
        "SPOTIFY_PIPELINE_TRANSFORM_FUNCTION",
        "The name or ARN of the Lambda function that transforms.",
        default="spotify-pipeline-transform",
        pattern=_FUNCTION,
    )
    spark_job: str = _variable(
        "SPOTIFY_PIPELINE_SPARK_JOB",
        "The name of the AWS Glue job that transforms.",
        default="spotify-pipeline-spark",
        pattern=r"^[a-zA-Z0-9._-]{1,255}$",
    )

    webhook_url: SecretStr | None = _variable(
        "SPOTIFY_PIPELINE_WEBHOOK_URL",
        "An incoming webhook, as of Slack, that is told of each day and of failures: its https address, which is a "
        "secret; or the ARN of a Secrets Manager secret that holds nothing but this address.",
        default=None,
    )
    notify_topic: str | None = _variable(
        "SPOTIFY_PIPELINE_NOTIFY_TOPIC",
        "The ARN of an Amazon SNS topic that is told the same, and passes it on by e-mail.",
        default=None,
        pattern=r"^arn:[a-z-]+:sns:[a-z0-9-]+:[0-9]{12}:[a-zA-Z0-9_-]{1,256}$",
    )

    @model_validator(mode="before")
    @classmethod
    def _unset_blanks(cls, variables: dict[str, Any]) -> dict[str, Any]:
        """A variable that is empty, or holds white space only, counts as not set."""
        return {name: value for name, value in variables.items() if not isinstance(value, str) or value.strip()}

    @model_validator(mode="after")
    def _check_together(self) -> Self:
        if self.fixed_today and self.api_url.host == HttpUrl(SPOTIFY_API_URL).host:
            raise ValueError(
                "SPOTIFY_PIPELINE_TODAY is for replay servers and cannot be used with Spotify's own URL; "
                "unset it, or set SPOTIFY_PIPELINE_API_URL"
            )
        webhook = self.webhook_url.get_secret_value() if self.webhook_url else None
        if webhook and not (WEBHOOK_URL.fullmatch(webhook) or _SECRET_ARN.fullmatch(webhook)):
            raise ValueError(
                "SPOTIFY_PIPELINE_WEBHOOK_URL is neither an address that begins with https:// nor the ARN of a secret"
            )
        if self.target == "aws":
            if not (self.raw_bucket and self.tables_bucket):
                raise ValueError(
                    "SPOTIFY_PIPELINE_TARGET is aws, which needs SPOTIFY_PIPELINE_RAW_BUCKET and "
                    "SPOTIFY_PIPELINE_TABLES_BUCKET"
                )
            if self.raw_bucket == self.tables_bucket:
                raise ValueError(
                    "SPOTIFY_PIPELINE_RAW_BUCKET and SPOTIFY_PIPELINE_TABLES_BUCKET name the same bucket, but who may "
                    "read tables should not read raw documents; name two"
                )
        if self.months == "compact" and self.target == "aws" and self.catalog_mode == "crawler":
            raise ValueError(
                "SPOTIFY_PIPELINE_MONTHS is compact, which needs SPOTIFY_PIPELINE_CATALOG_MODE to be register: a "
                "crawler does not know which months are current"
            )
        if self.compute == "lambda" and self.target != "aws":
            raise ValueError(
                "SPOTIFY_PIPELINE_COMPUTE is lambda, which needs SPOTIFY_PIPELINE_TARGET to be aws: the functions keep "
                "nothing on this machine"
            )
        if self.start_date > self.today():
            raise ValueError(f"SPOTIFY_PIPELINE_START_DATE {self.start_date} lies after today, {self.today()}")
        return self

    def today(self) -> date:
        """The day that Spotify can be asked for: the fixed one, or the UTC clock's."""
        return self.fixed_today or datetime.now(UTC).date()


def load_settings(**variables: str) -> Settings:
    """The settings of this process: `variables` first, then the environment.

    Raises:
        SettingsError: a value is malformed or contradicts another; the message names the variable, never its
            value, which may be a secret.
    """
    try:
        settings = Settings(**variables)  # type: ignore[arg-type]  # parsed by pydantic
    except ValidationError as error:
        problems = (
            ": ".join([*map(str, problem["loc"]), problem["msg"].removeprefix("Value error, ")])
            for problem in error.errors(include_input=False, include_url=False)
        )
        raise SettingsError(f"{'; '.join(problems)}.") from None
    folder = settings.data_dir.expanduser().absolute()
    if taken := set(str(folder)) & _MEANS_SOMETHING_TO_DUCKDB:
        raise SettingsError(
            f"SPOTIFY_PIPELINE_DATA_DIR: the path {folder} has a {min(taken)!r} in it, which SQL would take for "
            "a partition or a pattern; choose another folder."
        )
    return settings.model_copy(update={"data_dir": folder})
