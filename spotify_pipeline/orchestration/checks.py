"""The audit as asset checks: all of them block the catalog."""

import warnings
from collections.abc import Iterator

from dagster import (
    AssetCheckExecutionContext,
    AssetCheckResult,
    AssetChecksDefinition,
    AssetCheckSpec,
    DailyPartitionsDefinition,
    MetadataValue,
    multi_asset_check,
)
from dagster_shared.utils.warnings import PreviewWarning

from spotify_pipeline import steps
from spotify_pipeline.orchestration.failures import explained
from spotify_pipeline.orchestration.partitions import partition_day
from spotify_pipeline.tables.audit import CHECKS


def build_checks(partitions: DailyPartitionsDefinition) -> AssetChecksDefinition:
    """One step that runs every check on one day. It reads the day by itself, so that no other partition is loaded."""
    with warnings.catch_warnings():
        # Partitions of checks are a preview in the version of Dagster that is pinned. Without them the UI would show
        # one day's outcome as every day's.
        warnings.simplefilter("ignore", PreviewWarning)
        specs = [
            AssetCheckSpec(
                name=check.name,
                asset=check.table,
                description=check.description,
                blocking=True,
                partitions_def=partitions,
            )
            for check in CHECKS
        ]

    @multi_asset_check(name="audit", specs=specs, required_resource_keys={"backends"})
    def audit(context: AssetCheckExecutionContext) -> Iterator[AssetCheckResult]:
        """What must hold before a day is published."""
        with explained():
            findings = steps.audit_day(context.resources.backends, partition_day(context.partition_key))
        for finding in findings:
            yield AssetCheckResult(
                asset_key=finding.check.table,
                check_name=finding.check.name,
                passed=finding.passed,
                description=finding.check.description if finding.passed else "; ".join(finding.problems),
                metadata={"problems": MetadataValue.int(len(finding.problems))},
            )

    return audit
