"""Spark in AWS Glue, followed through Dagster Pipes. Import it late: dagster_aws takes two to five seconds."""

from collections.abc import Mapping
from datetime import date, timedelta
from threading import Event
from typing import TYPE_CHECKING, Any

from dagster import MetadataValue, OpExecutionContext, PipesEnvContextInjector
from dagster_aws.pipes import PipesGlueClient

from spotify_pipeline import aws
from spotify_pipeline.orchestration.s3_messages import S3Messages
from spotify_pipeline.orchestration.spark_job import SparkError, SparkJob, as_error
from spotify_pipeline.spotify.patience import Clock

if TYPE_CHECKING:
    from mypy_boto3_glue.type_defs import GetJobRunResponseTypeDef, JobRunTypeDef, StartJobRunResponseTypeDef

_LONGEST_WAIT = timedelta(hours=2)
_PAUSE_SECONDS = 30.0


class GlueJob(SparkJob):
    """A job in AWS Glue, which has its own Spark, Python and packages.

    Attributes:
        name: its name.
        meta: of boto3's client, for which this stands in.
    """

    def __init__(self, name: str, raw_bucket: str, context: OpExecutionContext, clock: Clock) -> None:
        """Get ready; log lines come through `raw_bucket`."""
        super().__init__(context)
        self.name, self._bucket, self._clock = name, raw_bucket, clock
        self._client = aws.client("glue")
        self.meta = self._client.meta
        self._run: JobRunTypeDef = {}

    def facts(self) -> Mapping[str, Any]:
        """The run, how long it took, what is billed of it, and where AWS shows it."""
        return {
            "spark_job": self.name,
            "spark_run": self._run.get("Id", ""),
            "spark_seconds": self._run.get("ExecutionTime", 0),
            **({"spark_dpu_seconds": self._run["DPUSeconds"]} if "DPUSeconds" in self._run else {}),
            "spark_console": MetadataValue.url(self._console),
        }

    def start_job_run(self, **params: Any) -> "StartJobRunResponseTypeDef":  # noqa: ANN401  # they are boto3's
        """Start a run, as boto3's client does, once there can be one: somebody else's may be at work.

        Raises:
            SparkError: AWS refuses.
        """
        errors, give_up, is_told = self._client.exceptions, self._clock.now() + _LONGEST_WAIT, False
        with aws.explained(f"the Glue job {self.name}", SparkError):
            while True:
                try:
                    return self._client.start_job_run(**params)
                except errors.EntityNotFoundException:
                    raise SparkError(
                        f"There is no Glue job {self.name}: deploy it with Spark=yes, or correct "
                        "SPOTIFY_PIPELINE_SPARK_JOB."
                    ) from None
                except (errors.ConcurrentRunsExceededException, errors.ResourceNumberLimitExceededException) as error:
                    reason = aws.one_line(str(error))
                    if self._clock.now() >= give_up:
                        raise as_error(
                            f"The Glue job {self.name} could not be started for {_LONGEST_WAIT.seconds // 3600} hours "
                            f"({reason}): see what it is at work on, and run again.",
                            may_pass=True,
                        ) from None
                    if not is_told:
                        is_told = True
                        waiting = f"waiting for the Glue job {self.name}, which cannot be started now: {reason}"
                        self._context.log.info(waiting)
                        self._context.resources.progress.tell(waiting)
                    self._clock.wait(_PAUSE_SECONDS, Event())

    def get_job_run(self, **params: Any) -> "GetJobRunResponseTypeDef":  # noqa: ANN401  # they are boto3's
        """How far a run is, as boto3's client tells it; what it told last is remembered.

        Raises:
            SparkError: AWS refuses.
        """
        with aws.explained(f"the Glue job {self.name}", SparkError):
            response = self._client.get_job_run(**params)
        self._run = response["JobRun"]
        return response

    def batch_stop_job_run(self, **params: Any) -> Any:  # noqa: ANN401  # they are boto3's
        """Stop runs, as boto3's client does: where somebody terminates the run in Dagster."""
        with aws.explained(f"the Glue job {self.name}", SparkError):
            return self._client.batch_stop_job_run(**params)

    def _follow(self, day: date) -> None:
        stand_in: Any = self  # whose errors are sentences
        client = PipesGlueClient(
            PipesEnvContextInjector(), self._heard(S3Messages(self._bucket, "run-spark.json")), stand_in
        )
        client.run(context=self._context, start_job_run_params={"JobName": self.name, "Arguments": {"--day": str(day)}})

    def _explain(self, failure: Exception | None) -> str:
        state = self._run.get("JobRunState", "unknown")
        said = aws.one_line(self._run.get("ErrorMessage") or str(failure or "")) or "no reason given"
        return (
            f"The run {self._run.get('Id')} of the Glue job {self.name} ended as {state} ({said}): its log is behind "
            f"{self._console}"
        )

    @property
    def _console(self) -> str:
        region = self.meta.region_name
        place = f"https://{region}.console.aws.amazon.com/gluestudio/home?region={region}"
        return f"{place}#/job/{self.name}/run/{self._run.get('Id')}"
