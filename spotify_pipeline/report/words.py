"""Numbers and days in words, as all sentences of the report write them."""

from collections.abc import Sequence
from datetime import date


def count(number: int, one: str, many: str = "") -> str:
    """`1 day`, `1,234 days`; what has an irregular plural says so."""
    return f"{number:,} {one if number == 1 else many or f'{one}s'}"


def day(value: date) -> str:
    """`7 November 2026`."""
    return f"{value.day} {value:%B %Y}"


def short_day(value: date) -> str:
    """`Sat 7 Nov`."""
    return f"{value:%a} {value.day} {value:%b}"


def brief_day(value: date) -> str:
    """`7 Nov`."""
    return f"{value.day} {value:%b}"


def percent(part: float, whole: float) -> str:
    """A share; it never rounds something to nothing, or a part to all."""
    share = 100 * part / whole
    if 0 < share < 1:
        return "less than 0.1%" if share < 0.1 else f"{share:.1f}%"
    if 99 < share < 100:
        return "more than 99%"
    return f"{share:.0f}%"


def listed(parts: Sequence[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    return " and ".join([", ".join(parts[:-1]), parts[-1]]) if len(parts) > 1 else "".join(parts)


def quoted(name: str) -> str:
    """A name of somebody else's in a sentence: in quotation marks, not too long, its direction kept to itself."""
    name = name.strip()
    shown = name if len(name) <= _LONGEST else f"{name[: _LONGEST - 1].rstrip()}…"
    return f"“\u2068{shown}\u2069”"


_LONGEST = 60
