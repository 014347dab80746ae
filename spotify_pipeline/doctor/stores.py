"""What is on this machine or in the buckets: the stores, files that are nobody else's business, the catalog, SQL."""

import shutil
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from spotify_pipeline.backends.choice import Backends
from spotify_pipeline.doctor.findings import Facts, Finding, Group, State
from spotify_pipeline.errors import PipelineError
from spotify_pipeline.query.engine import Engine
from spotify_pipeline.spotify.token_store import TokenFile
from spotify_pipeline.storage.objects import probe
from spotify_pipeline.tables.declarations import COVERAGE

_LEAST_FREE_BYTES = 2**30
_NOTHING_PUBLISHED = "nothing is published yet"


def examine_storage(backends: Backends) -> Iterator[Finding]:
    """Whether each store can be written and read, and whether there is room."""
    for name, store in backends.object_stores.items():
        location = store.uri("")
        try:
            probe(store)
        except PipelineError as error:
            yield Finding(Group.STORAGE, name, State.PROBLEM, str(error), {"location": location}, fails_day=True)
        else:
            yield Finding(
                Group.STORAGE, name, State.OK, f"can be written and read in {location}", {"location": location}
            )
    yield _disk(backends.settings.data_dir)


def _disk(folder: Path) -> Finding:
    try:
        free = shutil.disk_usage(next(path for path in (folder, *folder.parents) if path.exists())).free
    except OSError as error:
        return Finding(Group.STORAGE, "disk", State.WARNING, f"its free space is not known ({error.strerror})")
    state = State.OK if free >= _LEAST_FREE_BYTES else State.WARNING
    return Finding(Group.STORAGE, "disk", state, f"{free / 2**30:.1f} GiB free", {"free_bytes": free})


def examine_private_files(backends: Backends) -> Iterator[Finding]:
    """Whether others on this machine can read the files that hold secrets, where there are such files."""
    remedies = {Path(".env"): "run `chmod 600 .env`"}
    if isinstance(backends.tokens, TokenFile):
        remedies = {backends.tokens.path: "run `spotify-pipeline login` again if somebody may have", **remedies}
    for path, remedy in remedies.items():
        with suppress(OSError):  # it is not there, or what is wrong with its folder is told elsewhere
            if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
                yield Finding(Group.STORAGE, path.name, State.WARNING, f"others could read it: {remedy}")
            else:
                yield Finding(Group.STORAGE, path.name, State.OK, "only you can read it")


def examine_catalog(backends: Backends) -> Iterator[Finding]:
    """Whether what is published can be asked for."""
    try:
        catalog = _published(backends)
    except PipelineError as error:
        catalog = Finding(Group.CATALOG, "catalog", State.PROBLEM, str(error))
    yield catalog
    if catalog.state is State.PROBLEM:
        yield Finding(Group.CATALOG, "SQL", State.NOT_ASKED, "see catalog")
    elif catalog.facts["days"]:
        yield _sql(backends.engine, f"SELECT count(*) AS row_count FROM {COVERAGE.name}")
    elif backends.settings.target == "local":  # there is nothing to ask before a day is published
        yield Finding(Group.CATALOG, "SQL", State.OK, _NOTHING_PUBLISHED)
    else:
        yield _sql(backends.engine, "SELECT 0 AS row_count")


def examine_due_days(backends: Backends) -> Iterator[Finding]:
    """The days that should have been made again, where there are any."""
    with suppress(PipelineError):  # the tables cannot be read: what is found out about the storage tells why
        if due := backends.due.load():
            text = f"{len(due)} days depend on others that were published since, such as {next(iter(due))}"
            facts: Facts = {"days": len(due), "oldest": str(next(iter(due)))}
            yield Finding(
                Group.CATALOG, "due days", State.WARNING, f"{text}: `spotify-pipeline run` makes them again", facts
            )


def _published(backends: Backends) -> Finding:
    days, catalog = backends.tables.published_days(), backends.catalog
    shown = catalog.partitions().get(COVERAGE.name, set())
    if not days:
        return Finding(Group.CATALOG, "catalog", State.OK, _NOTHING_PUBLISHED, {"days": 0, "newest": None})
    facts: Facts = {"days": len(days), "newest": str(days[-1])}
    if hidden := set(days) - shown:
        text = (
            f"{len(hidden)} of {len(days)} days are missing from {catalog.location}: run `spotify-pipeline run --from "
            f"publish --date {days[-1]}`"
        )
        return Finding(Group.CATALOG, "catalog", State.PROBLEM, text, facts)
    text = f"{len(days)} days up to {days[-1]} in {catalog.location}"
    return Finding(Group.CATALOG, "catalog", State.OK, text, facts)


def _sql(engine: Engine, statement: str) -> Finding:
    try:
        ((rows,),) = engine.ask(statement).rows
    except PipelineError as error:
        return Finding(Group.CATALOG, "SQL", State.PROBLEM, str(error))
    return Finding(Group.CATALOG, "SQL", State.OK, f"answers: coverage has {rows} rows", {"coverage_rows": rows})
