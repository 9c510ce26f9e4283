"""What the service is told at start; secrets come from environment or file only."""

import ipaddress
import re
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)

from serve.json_words import in_words
from serve.people.roles import Role

PREFIX = "STREETWARDEN_"
MIB = 1024 * 1024
_PLAIN_PATH = re.compile(r"(/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)*/?")
_SECRETS = (
    "database_url",
    "api_key",
    "secret_key",
    "mqtt_password",
    "oidc_client_secret",
)


class SettingsError(Exception):
    """The service cannot start with these settings; the text says what to do."""


class OidcSettings(BaseModel):
    """Logging in with the city's own accounts.

    Attributes:
        issuer: the provider's address, exactly as it calls itself.
        client_id: what it calls this service.
        client_secret: shared with it.
        redirect_uri: where it sends browsers back to.
        roles: what its roles mean here, the first that fits counts.
        roles_claim: where the identity token tells roles.
        districts_claim: where it tells streets.
    """

    model_config = ConfigDict(frozen=True)

    issuer: str
    client_id: str
    client_secret: SecretStr
    redirect_uri: str
    roles: dict[str, Role]
    roles_claim: str
    districts_claim: str


class Settings(BaseModel):
    """One service process.

    Attributes:
        home: the one folder that the service writes to.
        database_url: SQLAlchemy address; empty means SQLite in `home/serve.db`.
        evidence_url: `s3://bucket/prefix` for evidence files (extra `s3`); empty means
            the folder `home/serve-evidence`.
        evidence_endpoint: address of an S3-compatible server that is not AWS.
        host: address to listen on.
        port: 0 picks a free one.
        open_reads: reading needs no key; only on a loopback address.
        api_key: pre-seeded ingest key for unattended set-ups, at least 32 characters.
        config_dir: holds departments.yaml and deadlines.yaml; missing files mean no
            such rules.
        allow_private_webhooks: webhooks may go to addresses that are not public, and
            over plain http.
        secret_key: encrypts webhook secrets; default: made in `home/serve.key`.
        mqtt_url: `mqtt://host:1883/prefix`, or None.
        mqtt_username: for the broker.
        mqtt_password: for the broker.
        timezone: in which pages show times until the browser knows better.
        max_body_bytes: longest JSON body.
        max_evidence_bytes: longest evidence file.
        body_silence_s: a sender whose body stops coming for so long is gone, whether
            the network says so or not.
        requests_per_s: of one key, session or stranger's address in the long run; 0
            sets no limit. Each process counts for itself.
        trusted_proxies: addresses of proxies in front, separated by commas; what they
            say of caller and scheme is believed.
        public_url: where browsers find the service; needed for OpenID Connect, and
            where a proxy leads to it under a path.
        oidc_issuer: address of an OpenID Connect provider, or None.
        oidc_client_id: what it calls this service.
        oidc_client_secret: shared with it.
        oidc_roles: what its roles mean: `city-review=reviewer,city-boss=supervisor`.
        oidc_roles_claim: where its identity token tells roles.
        oidc_districts_claim: where it tells streets.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    home: Path = Path(".streetwarden")
    database_url: str = ""
    evidence_url: str = ""
    evidence_endpoint: str | None = None
    host: str = "127.0.0.1"
    port: int = Field(default=8321, ge=0, le=65535)
    open_reads: bool = False
    api_key: SecretStr | None = None
    config_dir: Path = Path("configs")
    allow_private_webhooks: bool = False
    secret_key: SecretStr | None = None
    mqtt_url: str | None = None
    mqtt_username: str | None = None
    mqtt_password: SecretStr | None = None
    timezone: str = "Asia/Shanghai"
    max_body_bytes: int = Field(default=1 * MIB, ge=1024, le=64 * MIB)
    max_evidence_bytes: int = Field(default=64 * MIB, ge=1024, le=4096 * MIB)
    body_silence_s: float = Field(default=30.0, ge=0.1, le=3600)
    requests_per_s: float = Field(default=1000.0, ge=0, le=1e6)
    trusted_proxies: str = ""
    public_url: str | None = None
    oidc_issuer: str | None = None
    oidc_client_id: str = ""
    oidc_client_secret: SecretStr | None = None
    oidc_roles: str = ""
    oidc_roles_claim: str = "roles"
    oidc_districts_claim: str = "districts"

    @field_validator("api_key")
    @classmethod
    def _long_enough(cls, key: SecretStr | None) -> SecretStr | None:
        shortest = 32
        if key is not None and len(key.get_secret_value()) < shortest:
            msg = (
                f"expected at least {shortest} characters; make one with `keys create`"
            )
            raise ValueError(msg)
        return key

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError) as error:
            msg = "expected an IANA time zone such as Asia/Shanghai"
            raise ValueError(msg) from error
        return name

    @model_validator(mode="after")
    def _open_reads_stay_local(self) -> "Settings":
        if self.open_reads and not is_loopback(self.host):
            msg = (
                f"open_reads: got host {self.host}; without login only a loopback "
                "address may be served; drop --open-reads or use --host 127.0.0.1"
            )
            raise ValueError(msg)
        return self

    @model_validator(mode="after")
    def _oidc_is_whole(self) -> "Settings":
        if self.oidc_issuer is None:
            return self
        needed = ("public_url", "oidc_client_id", "oidc_client_secret", "oidc_roles")
        missing = [name for name in needed if not getattr(self, name)]
        if missing:
            msg = f"oidc_issuer: expected {', '.join(missing)}, too; got none"
            raise ValueError(msg)
        for name in ("oidc_issuer", "public_url"):
            parts = urlsplit(getattr(self, name))
            plain = parts.scheme == "http" and is_loopback(parts.hostname or "")
            if not (parts.scheme == "https" or plain):
                msg = f"{name}: expected an address that begins with https://"
                raise ValueError(msg)
        _roles_of(self.oidc_roles)
        return self

    @field_validator("public_url")
    @classmethod
    def _plain_path(cls, url: str | None) -> str | None:
        parts = urlsplit(url or "")
        if _PLAIN_PATH.fullmatch(parts.path) and not (parts.query or parts.fragment):
            return url
        msg = f"got {url}; expected a path of plain names, as https://host/streetwarden"
        raise ValueError(msg)

    @property
    def root(self) -> str:
        """The path of the public address, without the slash at its end."""
        return urlsplit(self.public_url or "").path.rstrip("/")

    @property
    def oidc(self) -> OidcSettings | None:
        """How people log in with the city's accounts, or None if they do not."""
        if self.oidc_issuer is None or self.oidc_client_secret is None:
            return None
        return OidcSettings(
            issuer=self.oidc_issuer,
            client_id=self.oidc_client_id,
            client_secret=self.oidc_client_secret,
            redirect_uri=f"{(self.public_url or '').rstrip('/')}/login/oidc/done",
            roles=_roles_of(self.oidc_roles),
            roles_claim=self.oidc_roles_claim,
            districts_claim=self.oidc_districts_claim,
        )

    @property
    def database(self) -> str:
        """SQLAlchemy address of the database in use."""
        return self.database_url or f"sqlite:///{self.home.resolve() / 'serve.db'}"

    @property
    def evidence_dir(self) -> Path:
        """Where evidence files lie."""
        return self.home / "serve-evidence"

    @property
    def incoming_dir(self) -> Path:
        """Where files lie until they are whole: on the disk of `evidence_dir`."""
        return self.evidence_dir / "incoming"


def _roles_of(text: str) -> dict[str, Role]:
    pairs = (pair.partition("=") for pair in text.split(",") if pair.strip())
    try:
        return {theirs.strip(): Role(ours.strip()) for theirs, _, ours in pairs}
    except ValueError as error:
        msg = f"oidc_roles: {error}; expected pairs such as city-review=reviewer"
        raise ValueError(msg) from error


def is_loopback(host: str) -> bool:
    """Return whether only this machine can reach the address.

    Args:
        host: name or address, IPv6 without brackets.
    """
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def load_settings(environment: Mapping[str, str], **given: object) -> Settings:
    """Return settings from arguments, else environment, else defaults.

    Args:
        environment: `STREETWARDEN_HOME`, `STREETWARDEN_API_KEY_FILE` and so on.
        **given: values that win over the environment; None means not given.

    Raises:
        SettingsError: with every mistake at once.
    """
    values: dict[str, object] = {
        name: environment[PREFIX + name.upper()]
        for name in Settings.model_fields
        if environment.get(PREFIX + name.upper())
    }
    for secret in _SECRETS:
        variable = f"{PREFIX}{secret.upper()}_FILE"
        path = environment.get(variable)
        if path and secret not in values:
            values[secret] = _read_secret(variable, Path(path))
    values.update({name: value for name, value in given.items() if value is not None})
    try:
        return Settings.model_validate(values)
    except ValidationError as error:
        lines = [
            f"{'.'.join(str(part) for part in problem['loc']) or 'settings'}: "
            f"{in_words(problem)}"
            for problem in error.errors(include_input=False)
        ]
        raise SettingsError("\n".join(lines)) from None


def _read_secret(variable: str, path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        msg = (
            f"{variable}: got {path}, which cannot be read; "
            "expected a text file holding it"
        )
        raise SettingsError(msg) from error
