"""Logging in with the city's own accounts: OpenID Connect, code flow with PKCE.

Needs the extra `oidc` (joserfc, which checks the identity token). What the
provider says of roles decides what a person may do here; it is read at every login.
"""

import base64
import json
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from hashlib import sha256
from importlib.util import find_spec
from typing import Any
from urllib.parse import urlencode

from serve.errors import Forbidden
from serve.outward.secrets import SecretBox
from serve.people.oidc_web import ProviderWeb
from serve.people.roles import CITY_WIDE, Role
from serve.settings import OidcSettings, SettingsError
from vision.core.ports import Clock

SCOPES = "openid profile email"
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "ES256", "ES384", "EdDSA")
ATTEMPT_S = 600.0
LEEWAY_S = 60
_LONGEST_NAME = 64


class NoRole(Forbidden):
    """Somebody whom the provider knows, but who has nothing to do here."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One login under way; travels in an encrypted cookie.

    Attributes:
        state: proves that the answer belongs to this browser.
        nonce: proves that the identity token was made for it.
        verifier: proves to the provider who began (PKCE).
        began_s: wall time, seconds since 1970.
    """

    state: str
    nonce: str
    verifier: str
    began_s: float


@dataclass(frozen=True, slots=True)
class Identity:
    """Who the provider says it is.

    Attributes:
        mark: stands for issuer and subject; the same person has always the same.
        name: to be called here.
        role: what they may do.
        districts: streets they may see; empty means all.
    """

    mark: str
    name: str
    role: Role
    districts: tuple[str, ...]


class OidcProvider:
    """One identity provider."""

    def __init__(self, settings: OidcSettings, box: SecretBox, clock: Clock) -> None:
        """Name the provider; nothing is asked yet.

        Args:
            settings: its address and what its roles mean.
            box: encrypts attempts.
            clock: for what grows old.

        Raises:
            SettingsError: the extra `oidc` is not installed.
        """
        _check_installed()
        self._settings = settings
        self._box = box
        self._clock = clock
        self._web = ProviderWeb(settings, clock)

    def begin(self) -> tuple[str, str]:
        """Return where to send the browser, and the attempt as a sealed text.

        Raises:
            Unavailable: the provider does not answer.
        """
        attempt = Attempt(
            state=secrets.token_urlsafe(24),
            nonce=secrets.token_urlsafe(24),
            verifier=secrets.token_urlsafe(48),
            began_s=self._clock.now().timestamp(),
        )
        query = {
            "response_type": "code",
            "client_id": self._settings.client_id,
            "redirect_uri": self._settings.redirect_uri,
            "scope": SCOPES,
            "state": attempt.state,
            "nonce": attempt.nonce,
            "code_challenge": _challenge(attempt.verifier),
            "code_challenge_method": "S256",
        }
        where = str(self._web.published().endpoints["authorization_endpoint"])
        glue = "&" if "?" in where else "?"
        return where + glue + urlencode(query), self._box.close(
            json.dumps(asdict(attempt))
        )

    def finish(self, sealed: str, *, state: str, code: str) -> Identity:
        """Return who logged in.

        Args:
            sealed: the attempt that `begin` gave.
            state: as the provider sent it back.
            code: likewise.

        Raises:
            Forbidden: the answer is not to this browser's attempt, or the identity
                token is not good.
            NoRole: the person has no role here.
            Unavailable: the provider does not answer.
        """
        attempt = self._attempt(sealed)
        if not secrets.compare_digest(attempt.state.encode(), state.encode()):
            msg = "login: the answer does not belong to this browser; begin again"
            raise Forbidden(msg)
        published = self._web.published()
        token = self._web.post(
            str(published.endpoints["token_endpoint"]),
            {
                "grant_type": "authorization_code",
                "code": code,
                "redirect_uri": self._settings.redirect_uri,
                "code_verifier": attempt.verifier,
            },
        )
        return self._identity(self._claims(token, attempt))

    def close(self) -> None:
        """Close the connections."""
        self._web.close()

    def _attempt(self, sealed: str) -> Attempt:
        try:
            attempt = Attempt(**json.loads(self._box.open(sealed)))
        except (SettingsError, ValueError, TypeError) as error:
            msg = "login: this browser has not begun one, or cookies are off"
            raise Forbidden(msg) from error
        if self._clock.now().timestamp() - attempt.began_s > ATTEMPT_S:
            msg = "login: it took too long; begin again"
            raise Forbidden(msg)
        return attempt

    def _claims(
        self, token: Mapping[str, object], attempt: Attempt
    ) -> Mapping[str, object]:
        from joserfc.errors import JoseError  # noqa: PLC0415 an extra
        from joserfc.jwt import JWTClaimsRegistry  # noqa: PLC0415 an extra

        client = self._settings.client_id
        expected = JWTClaimsRegistry(
            now=int(self._clock.now().timestamp()),
            leeway=LEEWAY_S,
            iss={"essential": True, "value": self._settings.issuer},
            aud={"essential": True, "value": client},
            nonce={"essential": True, "value": attempt.nonce},
            sub={"essential": True},
            exp={"essential": True},
        )
        try:
            claims = self._decode(str(token.get("id_token", "")))
            expected.validate(claims)
        except (JoseError, ValueError) as error:
            msg = f"login: the identity token is not good ({type(error).__name__})"
            raise Forbidden(msg) from error
        if claims.get("azp", client) != client:
            msg = "login: the identity token was made for another service"
            raise Forbidden(msg)
        return claims

    def _decode(self, text: str) -> dict[str, Any]:
        """Return the claims of a token whose signature is the provider's.

        Raises:
            JoseError: it is not.
            ValueError: it is no token.
        """
        from joserfc import jwt  # noqa: PLC0415 an extra
        from joserfc.errors import InvalidKeyIdError  # noqa: PLC0415 an extra
        from joserfc.jwk import KeySet  # noqa: PLC0415 an extra
        from joserfc.jws import JWSRegistry  # noqa: PLC0415 an extra

        registry = JWSRegistry(algorithms=ALGORITHMS, strict_check_header=False)
        keys = KeySet.import_key_set({"keys": self._web.published().keys})
        try:
            return dict(jwt.decode(text, key=keys, registry=registry).claims)
        except InvalidKeyIdError:
            # The provider has changed its keys since they were read.
            keys = KeySet.import_key_set({"keys": self._web.published(anew=True).keys})
            return dict(jwt.decode(text, key=keys, registry=registry).claims)

    def _identity(self, claims: Mapping[str, object]) -> Identity:
        subject = f"{self._settings.issuer}|{claims['sub']}"
        mark = "oidc$" + sha256(subject.encode()).hexdigest()
        given = _words(claims.get(self._settings.roles_claim))
        role = next(
            (role for word, role in self._settings.roles.items() if word in given), None
        )
        if role is None:
            msg = "login: this account has no role here; ask an administrator"
            raise NoRole(msg)
        districts = _words(claims.get(self._settings.districts_claim))
        return Identity(
            mark=mark,
            name=_name(claims, mark),
            role=role,
            districts=() if role in CITY_WIDE else tuple(districts),
        )


def _words(value: object) -> list[str]:
    if isinstance(value, str):
        return value.split()
    return [str(one) for one in value] if isinstance(value, list) else []


def _name(claims: Mapping[str, object], mark: str) -> str:
    for claim in ("preferred_username", "email"):
        name = str(claims.get(claim) or "")
        fits = all(sign.isalnum() or sign in "_.@-" for sign in name)
        if name and fits and len(name) <= _LONGEST_NAME:
            return name
    return mark.replace("$", "-")[:_LONGEST_NAME]


def _challenge(verifier: str) -> str:
    """Return the PKCE challenge of a verifier, S256 (RFC 7636, 4.2)."""
    digest = sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def _check_installed() -> None:
    if find_spec("joserfc") is None:
        msg = (
            "oidc_issuer: joserfc is not installed; "
            "expected the extra: pip install 'streetwarden[oidc]'"
        )
        raise SettingsError(msg)
