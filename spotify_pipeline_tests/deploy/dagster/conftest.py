"""An AWS of each test's own, as for the tests of the aws target."""

from spotify_pipeline_tests.aws.conftest import (  # noqa: F401  # fixtures
    allow_only,
    aws,
    emulator,
    emulator_athena,
    emulator_glue,
    emulator_s3,
    no_credentials_from_outside,
)
