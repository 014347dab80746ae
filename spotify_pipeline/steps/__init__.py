"""The steps of a day as plain functions: extract, enrich, transform, audit, publish, verify.

Whoever runs a day calls these.
"""

from spotify_pipeline.steps.details import Details, Enrichment, enrich_day
from spotify_pipeline.steps.extract import extract_day
from spotify_pipeline.steps.notices import WATCHES, consent_notice
from spotify_pipeline.steps.tables import (
    accept_losses,
    audit_day,
    not_published,
    publish_day,
    transform_day,
)
from spotify_pipeline.steps.verification import VERIFICATIONS

__all__ = [
    "VERIFICATIONS",
    "WATCHES",
    "Details",
    "Enrichment",
    "accept_losses",
    "audit_day",
    "consent_notice",
    "enrich_day",
    "extract_day",
    "not_published",
    "publish_day",
    "transform_day",
]
