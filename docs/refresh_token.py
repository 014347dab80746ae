"""Ask for your consent in the browser and print a refresh token for `.env`."""

import sys
from pathlib import Path

from dotenv import load_dotenv
from spotipy import MemoryCacheHandler, SpotifyOAuth

from spotify_pipeline.settings import load_settings
from spotify_pipeline.spotify.tokens import NO_CREDENTIALS, SCOPES

load_dotenv(Path(".env"))
settings = load_settings()
if not settings.client_id or not settings.client_secret:
    sys.exit(NO_CREDENTIALS)
cache = MemoryCacheHandler()
login = SpotifyOAuth(
    settings.client_id,
    settings.client_secret.get_secret_value(),
    settings.redirect_uri,
    scope=" ".join(SCOPES),
    cache_handler=cache,
)
login.OAUTH_AUTHORIZE_URL = f"{settings.accounts_url}authorize"
login.OAUTH_TOKEN_URL = f"{settings.accounts_url}api/token"
login.get_access_token(as_dict=False)
print("SPOTIFY_REFRESH_TOKEN=" + cache.get_cached_token()["refresh_token"])
