"""Asset checks: the audit, which blocks the catalog; what should be known of a day; what is verified once it is out."""

import warnings
from collections.abc import Iterator

from dagster import (
    AssetCheckExecutionContext,
    AssetCheckResult,
    AssetChecksDefinition,
    AssetCheckSeverity,
    AssetCheckSpec,
    DailyPartitionsDefinition,
    MetadataValue,
    multi_asset_check,
)
from dagster_shared.utils.warnings import PreviewWarning

from spotify_pipeline.errors import PipelineError
from spotify_pipeline.orchestration.failures import explained
from spotify_pipeline.orchestration.partitions import partition_day
from spotify_pipeline.steps.notices import WATCHES
from spotify_pipeline.steps.publish import audit_day
from spotify_pipeline.steps.verification import VERIFICATIONS
from spotify_pipeline.tables.audit import CHECKS


def build_checks(partitions: DailyPartitionsDefinition) -> list[AssetChecksDefinition]:
    """Three steps that run all checks on a day. They read it by themselves, so that no other partition is loaded."""
    audited = [check_spec(check.table, check.name, check.description, partitions, blocking=True) for check in CHECKS]
    verified = [
        check_spec("catalog", each.name, each.description, partitions, blocking=False) for each in VERIFICATIONS
    ]
    watched = [
        check_spec("raw_playlists", watch.name, watch.description, partitions, blocking=False) for watch in WATCHES
    ]

    @multi_asset_check(name="audit", specs=audited, required_resource_keys={"backends"})
    def audit(context: AssetCheckExecutionContext) -> Iterator[AssetCheckResult]:
        """What must hold before a day is published."""
        backends, day = context.resources.backends, partition_day(context.partition_key)
        with explained():
            due = backends.due.load().get(day)
            findings = audit_day(backends, day)
            if due and not all(finding.passed for finding in findings):
                backends.due.let_go(due)  # the catalog is not reached then
        for finding in findings:
            yield AssetCheckResult(
                asset_key=finding.check.table,
                check_name=finding.check.name,
                passed=finding.passed,
                description=finding.check.description if finding.passed else "; ".join(finding.problems),
                metadata={"problems": MetadataValue.int(len(finding.problems))},
            )

    @multi_asset_check(name="watch", specs=watched, required_resource_keys={"backends"})
    def watch(context: AssetCheckExecutionContext) -> Iterator[AssetCheckResult]:
        """What does not hold a day back, but should be known."""
        for watch in WATCHES:
            with explained():
                notice = watch.look(context.resources.backends, partition_day(context.partition_key))
            yield AssetCheckResult(
                asset_key="raw_playlists",
                check_name=watch.name,
                passed=notice.urgency is None,
                severity=AssetCheckSeverity.ERROR if notice.urgency == "error" else AssetCheckSeverity.WARN,
                description=notice.text,
                metadata=dict(notice.numbers),
            )

    @multi_asset_check(name="verify", specs=verified, required_resource_keys={"backends"})
    def verify(context: AssetCheckExecutionContext) -> Iterator[AssetCheckResult]:
        """What must hold once a day is published."""
        backends, day = context.resources.backends, partition_day(context.partition_key)
        for verification in VERIFICATIONS:
            try:
                problems = list(verification.find_problems(backends, day))
            except PipelineError as error:  # the day is published all the same: the run has not failed
                problems = [f"It cannot be verified: {error}"]
            yield AssetCheckResult(
                asset_key="catalog",
                check_name=verification.name,
                passed=not problems,
                description="; ".join(problems) or verification.description,
                metadata={"problems": MetadataValue.int(len(problems))},
            )

    return [audit, watch, verify]


def check_spec(
    asset: str, name: str, description: str, partitions: DailyPartitionsDefinition, *, blocking: bool
) -> AssetCheckSpec:
    """A check of each day of an asset."""
    with warnings.catch_warnings():
        # Partitions of checks are a preview in the version of Dagster that is pinned. Without them the UI would show
        # one day's outcome as every day's.
        warnings.simplefilter("ignore", PreviewWarning)
        return AssetCheckSpec(
            name=name, asset=asset, description=description, blocking=blocking, partitions_def=partitions
        )
