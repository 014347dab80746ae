"""Handing over what this machine knows of Spotify, the app and the login, to the stack's secret."""

from collections.abc import Iterator

from msgspec.structs import replace

from spotify_pipeline import aws
from spotify_pipeline.backends.source import Source
from spotify_pipeline.settings import Settings, load_settings
from spotify_pipeline.spotify.token_store import TokenRecord, record_key
from spotify_pipeline.storage.secret import App, SpotifySecret


def hand_over(secret_id: str) -> Iterator[str]:
    """Put the app, and the login to it, into the secret, unless there is one already.

    Yields:
        What was done, a sentence each.

    Raises:
        PipelineError: the secret cannot be used, or the settings of this machine are wrong.
    """
    here = load_settings(SPOTIFY_PIPELINE_TARGET="local")  # where AWS is the target, it has no login of its own
    secret = SpotifySecret(aws.client("secretsmanager"), secret_id, str(here.accounts_url))
    if secret.fill(App(here.client_id, here.client_secret)):
        yield "The Spotify app that is set here is now in the secret."
    if here.client_id and _hand_over_login(here, secret):
        yield "So is the login. If it is used in both places, one may take it from the other: use it there only."


def _hand_over_login(here: Settings, secret: SpotifySecret) -> bool:
    url, client_id = str(here.accounts_url), here.client_id or ""
    login = record_key(url, client_id, None)
    if secret.app().client_id != client_id or secret.read(login):
        return False
    known = Source(here).tokens.read(record_key(url, client_id, here.refresh_token)) or TokenRecord()
    given = here.refresh_token.get_secret_value() if here.refresh_token else ""
    if not (refresh_token := known.refresh_token or given):
        return False
    secret.save(login, replace(known, refresh_token=refresh_token))
    return True
