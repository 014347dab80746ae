"""`spotify-pipeline login`: the user's consent, once in six months."""

import sys
import webbrowser

import click

from spotify_pipeline.backends.choice import choose_backends
from spotify_pipeline.demo.backends import demo_of, not_for_real_playlists
from spotify_pipeline.settings import Settings, load_settings
from spotify_pipeline.spotify.login import Login
from spotify_pipeline.spotify.patience import Patience
from spotify_pipeline.spotify.transport import new_session


@click.command()
@click.option("--no-browser", is_flag=True, help="Print the address, and take the one that the browser is sent to.")
def login(no_browser: bool) -> None:
    """Ask for your consent in the browser, and remember it: for your own playlists."""
    settings = load_settings()
    if demo_of(settings):
        raise not_for_real_playlists(settings)
    backends = choose_backends(settings)
    settings, store = backends.app_settings, backends.logins
    patience = Patience(tell=_tell)
    with new_session(patience.answer_seconds) as session:
        attempt = Login(settings, session, patience)
        code = _pasted(attempt, settings) if no_browser else attempt.code_from_browser(_open_browser)
        done = attempt.finish(code, store)
    click.echo(f"Logged in as {done.account.display_name or done.account.id} ({done.account.id})")
    click.echo(f"It may read: {', '.join(done.scopes)}")
    click.echo(f"Consent ends on {done.consent.ends:%Y-%m-%d}; log in again before that")
    click.echo(f"Stored in {store.location}")
    if settings.refresh_token:
        _tell("warning: SPOTIFY_REFRESH_TOKEN is set and wins over this login, until you remove it.")


def _open_browser(url: str) -> None:
    _tell(f"Opening your browser; if nothing opens, go to\n\n{url}\n")
    webbrowser.open(url)


def _pasted(attempt: Login, settings: Settings) -> str:
    _tell(
        f"Open this address in a browser on any machine, and agree:\n\n{attempt.url}\n\nThe browser is then sent to "
        f"{settings.redirect_uri}?code=… and shows that nothing is there. Paste that address here, all of it:"
    )
    return attempt.code_from_pasted(sys.stdin.readline())


def _tell(text: str) -> None:
    click.echo(text, err=True)
