"""Where webhooks may go: not into the service's own network, unless allowed.

The address is resolved once and that very address is connected to, so a name that
points elsewhere a moment later leads nowhere.
"""

import ipaddress
from dataclasses import dataclass
from urllib.parse import urlsplit

from serve.outward.look_up import addresses_of

HTTP_PORT, HTTPS_PORT = 80, 443
# A gateway may turn these into IPv4 addresses (RFC 6052; RFC 4291, 2.5.5.1).
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_COMPATIBLE = ipaddress.IPv6Network("::/96")
_HOW_TO_ALLOW = (
    "in a network of your own, start the service with "
    "STREETWARDEN_ALLOW_PRIVATE_WEBHOOKS=1"
)


class ForbiddenTargetError(Exception):
    """The address must not be called; the text says why."""


@dataclass(frozen=True, slots=True)
class Target:
    """An address that may be called.

    Attributes:
        url: with the IP address in place of the name.
        host: name and port, for the `Host` header.
        name: the name alone, which the certificate must be for.
    """

    url: str
    host: str
    name: str


def resolve(url: str, *, allow_private: bool, within_s: float) -> Target:
    """Return where to connect for this URL.

    Args:
        url: `https://…`; `http://` only where private targets are allowed.
        allow_private: whether addresses that are not public may be called.
        within_s: longest wait for the resolver, seconds.

    Raises:
        ForbiddenTargetError: scheme, name or address is not allowed.
        OSError: the name cannot be resolved now, or not in time.
    """
    parts = check_form(url, allow_private=allow_private)
    secure = parts.scheme == "https"
    host = parts.hostname or ""
    port = parts.port or (HTTPS_PORT if secure else HTTP_PORT)
    addresses = addresses_of(host, port, within_s=within_s)
    for address in addresses:
        # One private address among several is enough to refuse: the next look-up
        # might pick it.
        if not allow_private and not _is_public(address):
            msg = (
                f"url: {host} leads to {address}, which is not a public address; "
                f"{_HOW_TO_ALLOW}"
            )
            raise ForbiddenTargetError(msg)
    chosen = addresses[0]
    netloc = f"[{chosen}]:{port}" if ":" in chosen else f"{chosen}:{port}"
    path = parts.path or "/"
    query = f"?{parts.query}" if parts.query else ""
    default = port == (HTTPS_PORT if secure else HTTP_PORT)
    named = f"[{host}]" if ":" in host else host
    return Target(
        f"{parts.scheme}://{netloc}{path}{query}",
        named if default else f"{named}:{port}",
        host,
    )


@dataclass(frozen=True, slots=True)
class Parts:
    """A checked URL in pieces."""

    scheme: str
    hostname: str
    port: int | None
    path: str
    query: str


def check_form(url: str, *, allow_private: bool) -> Parts:
    """Return the URL in pieces.

    Raises:
        ForbiddenTargetError: it is not a web address that may be called.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
        (parts.hostname or "").encode("idna")  # refuses what no look-up takes
    except ValueError as error:
        msg = f"url: got one that cannot be read ({error})"
        raise ForbiddenTargetError(msg) from error
    schemes = {"http", "https"} if allow_private else {"https"}
    if parts.scheme not in schemes or not parts.hostname:
        msg = f"url: expected {' or '.join(sorted(schemes))}:// and a host name"
        if parts.scheme == "http" and not allow_private:
            msg += f"; {_HOW_TO_ALLOW}"
        raise ForbiddenTargetError(msg)
    if parts.username is not None or parts.password is not None:
        msg = "url: expected no name or password in it; use the signature instead"
        raise ForbiddenTargetError(msg)
    return Parts(parts.scheme, parts.hostname, port, parts.path, parts.query)


def _is_public(address: str) -> bool:
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        embedded = _embedded(ip)
        if embedded is not None:
            return embedded.is_global and not embedded.is_multicast
    return ip.is_global and not ip.is_multicast


def _embedded(ip: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    """Return the IPv4 address that packets to this one end up at, or None."""
    if ip in _NAT64 or ip in _COMPATIBLE:
        return ipaddress.IPv4Address(int(ip) & 0xFFFF_FFFF)
    teredo = None if ip.teredo is None else ip.teredo[1]
    return ip.ipv4_mapped or ip.sixtofour or teredo
