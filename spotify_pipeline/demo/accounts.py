"""The accounts service of the stand-in: consent and tokens, for any app and any user who asks."""

import base64
import hashlib
import secrets
from collections.abc import Mapping
from urllib.parse import urlencode

from spotify_pipeline.demo.exchange import RefusedError, Reply, Request

# What callers may use. Any other values are accepted too: nothing here is worth protecting.
CLIENT_ID = "d3m0c1ient1d00000000000000000000"
CLIENT_SECRET = "d3m0c1ientsecret0000000000000000"  # noqa: S105
REFRESH_TOKEN = "demo-refresh-token"  # noqa: S105

_SCOPE = "playlist-read-private playlist-read-collaborative"
_TOKEN_SECONDS = 3600


class Accounts:
    """Gives out tokens and remembers for whom."""

    def __init__(self) -> None:
        self._users_token: dict[str, bool] = {}  # access token: whether a user, and not the app alone, stands behind
        self._consents: dict[str, Mapping[str, str]] = {}  # authorization code: what was consented to

    def authorize(self, request: Request) -> Reply:
        """Consent at once, and send the browser back to the app with a code."""
        target = request.query.get("redirect_uri")
        if not target:
            raise RefusedError.by_accounts("invalid_request", "redirect_uri must be supplied")
        code = secrets.token_urlsafe(32)
        self._consents[code] = request.query
        answer = {"code": code} | ({"state": request.query["state"]} if "state" in request.query else {})
        mark = "&" if "?" in target else "?"
        return Reply({}, 302, {"Location": f"{target}{mark}{urlencode(answer)}"})

    def token(self, request: Request) -> Reply:
        """Give a token for one of the three grants."""
        form = request.form
        if not request.authorization.startswith("Basic ") and not form.get("client_id"):
            raise RefusedError.by_accounts("invalid_client", "Invalid client")
        match form.get("grant_type"):
            case "client_credentials":
                return self._new_token(for_user=False)
            case "refresh_token":
                if not form.get("refresh_token"):
                    raise RefusedError.by_accounts("invalid_request", "refresh_token must be supplied")
                return self._new_token(for_user=True, scope=_SCOPE)
            case "authorization_code":
                scope = self._redeem(form).get("scope", "")
                return self._new_token(for_user=True, scope=scope, refresh_token=REFRESH_TOKEN)
            case _:
                raise RefusedError.by_accounts("unsupported_grant_type", "grant_type is missing or unknown")

    def is_user(self, request: Request) -> bool:
        """Whether the request comes with a user's token, and not with one for the app alone.

        Raises:
            RefusedError: It comes with no token of ours.
        """
        scheme, _, token = request.authorization.partition(" ")
        if scheme != "Bearer" or not token:
            raise RefusedError.by_web_api(401, "No token provided")
        if token not in self._users_token:
            raise RefusedError.by_web_api(401, "Invalid access token")
        return self._users_token[token]

    def _new_token(self, *, for_user: bool, **extra: str) -> Reply:
        token = secrets.token_urlsafe(48)
        self._users_token[token] = for_user
        return Reply({"access_token": token, "token_type": "Bearer", "expires_in": _TOKEN_SECONDS} | extra)

    def _redeem(self, form: Mapping[str, str]) -> Mapping[str, str]:
        """Take a code, which works once, and return what was consented to."""
        consent = self._consents.pop(form.get("code", ""), None)
        if consent is None:
            raise RefusedError.by_accounts("invalid_grant", "Invalid authorization code")
        if "code_challenge" in consent:
            hashed = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
            if base64.urlsafe_b64encode(hashed).decode().rstrip("=") != consent["code_challenge"]:
                raise RefusedError.by_accounts("invalid_grant", "code_verifier was incorrect")
        return consent
