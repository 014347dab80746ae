"""Requests and replies of the stand-in, free of sockets."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from spotify_pipeline.demo.documents import Document


@dataclass(frozen=True)
class Request:
    """What a client asked for."""

    method: str
    path: str
    query: Mapping[str, str]
    form: Mapping[str, str]
    authorization: str

    def number(self, name: str, default: int, low: int, high: int) -> int:
        """Return a number from the query.

        Raises:
            RefusedError: It is not a number, or outside the range.
        """
        text = self.query.get(name, str(default))
        if not re.fullmatch("[0-9]{1,9}", text) or not low <= int(text) <= high:
            raise RefusedError.by_web_api(400, f"Invalid {name}")
        return int(text)


@dataclass(frozen=True)
class Reply:
    """What the client gets."""

    document: Document
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)

    def body(self) -> bytes:
        """Return the document as it is sent."""
        return json.dumps(self.document, ensure_ascii=False, separators=(",", ":")).encode()


class RefusedError(Exception):
    """A request that is answered with an error."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(reply.status)
        self.reply = reply

    @classmethod
    def by_web_api(cls, status: int, message: str) -> "RefusedError":
        """Return a refusal in the form of the Web API."""
        return cls(Reply({"error": {"status": status, "message": message}}, status))

    @classmethod
    def by_accounts(cls, error: str, description: str) -> "RefusedError":
        """Return a refusal in the form of the accounts service, which is that of OAuth."""
        return cls(Reply({"error": error, "error_description": description}, 400))
