"""`spotify-pipeline query SQL`, part by part."""

from benchmarks.inside import Stopwatch

stopwatch = Stopwatch()

with stopwatch("imports"):
    from spotify_pipeline.backends.choice import choose_backends
    from spotify_pipeline.cli import main  # noqa: F401  # as the command does
    from spotify_pipeline.query.formats import FORMATS
    from spotify_pipeline.settings import load_settings

with stopwatch("settings"):
    engine = choose_backends(load_settings()).engine
with stopwatch("answer"):
    answer = engine.ask("SELECT count(*) FROM playlists")
with stopwatch("print"):
    FORMATS["table"](answer)
stopwatch.print()
