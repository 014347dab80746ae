"""Messages of Dagster Pipes through S3. Import it late: dagster_aws takes two to five seconds."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from dagster_aws.pipes import PipesS3MessageReader

from spotify_pipeline import aws

_FOLDER = "_pipes"


class S3Messages(PipesS3MessageReader):
    """Messages in a folder of their own, where a lifecycle rule finds them."""

    def __init__(self, bucket: str, policy: str) -> None:
        """Messages in `bucket`, which whoever runs Dagster may read by a policy in docs/policies."""
        self._policy = policy
        super().__init__(interval=0, bucket=bucket, client=aws.client("s3"))  # it looks after more whole seconds

    @property
    def expected_writer_count(self) -> int:
        """As in the class above, where whoever asks is warned that Dagster may change this."""
        return 1

    @contextmanager
    def get_params(self) -> Iterator[dict[str, Any]]:
        """Where the sender is to put them."""
        with super().get_params() as params:
            yield {**params, "key_prefix": f"{_FOLDER}/{params['key_prefix']}"}

    def download_messages(  # type: ignore[override]  # blobs are numbered, in the class above as well
        self, cursor: int | None, params: Mapping[str, Any]
    ) -> tuple[int, str] | None:
        """All that there is by now: with one chunk at a time, a chatty sender's last lines would be given up."""
        chunks: list[str] = []
        while found := super().download_messages(cursor, params):
            cursor, chunk = found
            chunks.append(chunk)
        return (cursor or 0, "\n".join(chunks)) if chunks else None

    def no_messages_debug_text(self) -> str:
        """Why there may be none."""
        return (
            f"Log lines come through s3://{self.bucket}/{_FOLDER}/: the role of what does the work must be allowed to "
            f"write there, and the role that runs Dagster to read, as docs/policies/{self._policy} has it."
        )
