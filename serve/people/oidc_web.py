"""What an identity provider says over HTTP: endpoints, keys, tokens."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import httpx

from serve.errors import Forbidden, Unavailable
from serve.settings import OidcSettings
from serve.trust import authorities
from vision.core.ports import Clock

TIMEOUT_S = 10.0
FRESH_S = 3600.0


@dataclass(frozen=True, slots=True)
class Published:
    """What the provider published, and when it was read, seconds."""

    endpoints: Mapping[str, object]
    keys: list[dict[str, Any]]
    at_s: float


class ProviderWeb:
    """Speaks to one provider; what it published is kept for an hour."""

    def __init__(self, settings: OidcSettings, clock: Clock) -> None:
        """Name the provider; nothing is asked yet.

        Args:
            settings: its address, and who this service is to it.
            clock: for what grows old.
        """
        self._settings = settings
        self._clock = clock
        self._lock = threading.Lock()
        self._known: Published | None = None
        self._client = httpx.Client(
            timeout=TIMEOUT_S,
            follow_redirects=False,
            trust_env=False,
            verify=authorities(),
        )

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def published(self, *, anew: bool = False) -> Published:
        """Return what the provider published, read within the hour.

        Args:
            anew: read it again, whatever is known.

        Raises:
            Unavailable: it does not answer, or says it is another one.
        """
        now_s = self._clock.monotonic_s()
        with self._lock:
            known = self._known
        if known is not None and not anew and now_s - known.at_s < FRESH_S:
            return known
        base = self._settings.issuer.rstrip("/")
        endpoints = self._get(f"{base}/.well-known/openid-configuration")
        needed = {"authorization_endpoint", "token_endpoint", "jwks_uri"}
        if endpoints.get("issuer") != self._settings.issuer or needed - set(endpoints):
            msg = (
                f"the identity provider says it is {endpoints.get('issuer')!r}; "
                f"expected {self._settings.issuer!r} with {sorted(needed)}"
            )
            raise Unavailable(msg)
        published = self._get(str(endpoints["jwks_uri"])).get("keys")
        if not isinstance(published, list):
            msg = "the identity provider publishes no keys; expected a JWK set"
            raise Unavailable(msg)
        known = Published(endpoints, published, now_s)
        with self._lock:
            self._known = known
        return known

    def _get(self, url: str) -> Mapping[str, object]:
        return self._read(lambda: self._client.get(url))

    def post(self, url: str, form: Mapping[str, str]) -> Mapping[str, object]:
        """Return what the provider says to a form sent as this service.

        Raises:
            Unavailable: it does not answer, or not in JSON.
            Forbidden: it refused.
        """
        secret = self._settings.client_secret
        auth = (self._settings.client_id, secret.get_secret_value())
        return self._read(lambda: self._client.post(url, data=form, auth=auth))

    def _read(self, ask: Callable[[], httpx.Response]) -> Mapping[str, object]:
        try:
            answer = ask()
            content = answer.json() if answer.is_success else None
        except (httpx.HTTPError, ValueError) as error:
            msg = f"the identity provider does not answer ({type(error).__name__})"
            raise Unavailable(msg) from error
        if answer.is_client_error:
            msg = f"login: the identity provider refused it ({answer.status_code})"
            raise Forbidden(msg)
        if not isinstance(content, dict):
            msg = f"the identity provider answered {answer.status_code}, not JSON"
            raise Unavailable(msg)
        return content
