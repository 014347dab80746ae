"""What Spotify may do to a run: faults of every kind, at a place among its requests, once or for ever."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from spotify_pipeline_tests.faults.library import FIRST_DAY, LONG, SECOND_DAY

MODES = ("development", "extended")
LONGEST_BLOCK_SECONDS = 50_000
TIMEOUT_SECONDS = 0.3

_PAGE = "<!DOCTYPE html><html><body><h1>We will be back soon</h1></body></html>"
KINDS: dict[str, dict[str, Any]] = {
    "dropped": {"kind": "drop"},
    "hanging": {"kind": "slow", "seconds": 2 * TIMEOUT_SECONDS},
    "empty": {"kind": "empty"},
    "cut": {"kind": "truncate"},
    "page 200": {"status": 200, "body": _PAGE},
    "401": {"status": 401},
    "403": {"status": 403},
    "page 403": {"status": 403, "body": _PAGE},
    "404": {"status": 404},
    "limit": {"status": 429, "headers": {"Retry-After": "2"}},
    "long limit": {"status": 429, "headers": {"Retry-After": "3600"}},
    "quota": {"status": 429, "headers": {"Retry-After": str(LONGEST_BLOCK_SECONDS)}, "body": "QUOTA_EXCEEDED"},
    "500": {"status": 500},
    "page 502": {"status": 502, "body": _PAGE},
    "edited": {"kind": "edit", "match": f"/playlists/{LONG}"},
}
_OVERCOME = ("dropped", "empty", "cut", "page 200", "401", "limit", "500", "page 502", "edited")  # in the same run
_NEVER_ASKED_AGAIN = ("403", "page 403", "404", "long limit", "quota")  # after a listing was answered like this
_FURTHER_PAGE_KINDS = {
    f"{kind} for a further page": KINDS[kind] | {"match": r"/(items|tracks)\?"} for kind in ("401", "403", "404", "cut")
} | {"a further page without entries": {"match": r"/(items|tracks)\?", "status": 200, "body": {"items": []}}}
_TOKEN_KINDS = {
    f"{kind} for a token": KINDS[kind] | {"match": "/api/token"}
    for kind in ("dropped", "hanging", "empty", "cut", "page 403", "limit", "long limit", "500", "page 502")
} | {
    "invalid_client": {"match": "/api/token", "status": 400, "body": {"error": "invalid_client"}},
    "invalid_grant": {"match": "/api/token", "status": 400, "body": {"error": "invalid_grant"}},
}


@dataclass(frozen=True)
class Fault:
    """A fault at a place: 0 is the first request that it could hit, 0.5 one in the middle, 1 the last one."""

    kind: str
    at: float = 0
    lasts: bool = False

    @property
    def _details(self) -> dict[str, Any]:
        return {"match": "^/v1/"} | (KINDS | _FURTHER_PAGE_KINDS | _TOKEN_KINDS)[self.kind]

    def rule(self, requests: Sequence[str]) -> dict[str, Any]:
        """The rule for a replay server, given the paths that a run without faults asks for."""
        could_be_hit = sum(bool(re.search(self._details["match"], path)) for path in requests)
        after = round(self.at * (could_be_hit - 1))
        return self._details | {"after": after, "times": -1 if self.lasts else 1}

    def __str__(self) -> str:
        return f"{self.kind} {'from' if self.lasts else 'at'} {self.at}"


@dataclass(frozen=True)
class Scenario:
    """A run with faults: of the first day, or of a day after another one; of `mine`, or of playlists by name."""

    mode: str
    faults: tuple[Fault, ...]
    second_day: bool = False
    named: bool = False

    @property
    def days(self) -> list[date]:
        """The days to run; the faults happen on the last one."""
        return [FIRST_DAY, SECOND_DAY] if self.second_day else [FIRST_DAY]

    @property
    def hangs(self) -> bool:
        """Whether an answer does not come in time."""
        return any(fault.kind.startswith("hanging") for fault in self.faults)

    @property
    def passes(self) -> bool:
        """Whether each fault happens once; what is slow may happen more often than it should."""
        return not self.hangs and not any(fault.lasts for fault in self.faults)

    @property
    def is_overcome(self) -> bool:
        """Whether the run itself is complete, because it asks again."""
        return self.passes and all(fault.kind.split(" for a ")[0] in _OVERCOME for fault in self.faults)

    def __str__(self) -> str:
        words = [self.mode, "second day" * self.second_day, "named" * self.named, *map(str, self.faults)]
        return ", ".join(filter(None, words))


def _alone() -> Iterator[Scenario]:
    for kind in KINDS:
        for mode in MODES:
            for at in (0, 0.5, 1):
                yield Scenario(mode, (Fault(kind, at),))
            yield Scenario(mode, (Fault(kind, 0.5, lasts=True),))
        if kind not in _NEVER_ASKED_AGAIN:  # else once is for ever
            # Listings are alike in both modes.
            yield Scenario("development", (Fault(kind, 0, lasts=True),))
            yield Scenario("extended", (Fault(kind, 1, lasts=True),))


def _in_pairs() -> Iterator[Scenario]:
    """Each kind before another one, and each with another one that is met when the request is repeated."""
    kinds = list(KINDS)
    for number, kind in enumerate(kinds):
        later, then = kinds[number - 4], kinds[number - 7]
        for mode in MODES:
            yield Scenario(mode, (Fault(kind, 0), Fault(later, 0.5)))
        yield Scenario(MODES[number % 2], (Fault(kind, 0.5), Fault(then, 0.5, lasts=True)), second_day=True)


def _elsewhere() -> Iterator[Scenario]:
    for kind in _FURTHER_PAGE_KINDS:
        for mode in MODES:
            yield Scenario(mode, (Fault(kind, lasts=True),))
        yield Scenario("development", (Fault(kind, 1),), second_day=True)
    for kind in _TOKEN_KINDS:
        yield Scenario("development", (Fault(kind),))
        yield Scenario("development", (Fault("401", 0.5), Fault(kind, lasts=True)), second_day=True)
    for kind in KINDS:
        yield Scenario("development", (Fault(kind, 0.5),), named=True)


SCENARIOS = [*_alone(), *_in_pairs(), *_elsewhere()]
