"""Receivers prove who they are, by the city's own authority where it has one."""

import ipaddress
import ssl
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from serve.settings import SettingsError
from serve.trust import authorities
from tests.service.serve.conftest import DatabaseFor
from tests.service.serve.receiver import receiving
from tests.service.serve.test_webhooks import Bench
from vision.core.clock import SystemClock


def certificate(folder: Path) -> Path:
    """Return a PEM file with key and certificate of this machine, signed by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "desk")])
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    today = SystemClock().now()
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(today - timedelta(days=1))
        .not_valid_after(today + timedelta(days=2))
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / "desk.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + made.public_bytes(serialization.Encoding.PEM)
    )
    return path


@pytest.mark.parametrize("trusted", ["named", "unknown"])
def test_a_receiver_of_the_citys_own_authority_is_reached_once_it_is_named(
    tmp_path: Path,
    database_for: DatabaseFor,
    monkeypatch: pytest.MonkeyPatch,
    trusted: str,
) -> None:
    pem = certificate(tmp_path)
    if trusted == "named":
        monkeypatch.setenv("SSL_CERT_FILE", str(pem))
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(pem)
    with receiving(tls) as desk:
        bench = Bench(tmp_path, database_for(tmp_path), desk)
        bench.report("evt-1")
        bench.rounds()
        (delivery,) = bench.deliveries()
        bench.close()

    if trusted == "named":
        assert (delivery.state, delivery.status) == ("delivered", 204)
    else:
        assert delivery.state == "pending"
        assert "certificate verify failed" in str(delivery.error)


def test_authorities_that_cannot_be_read_are_said_at_the_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "none.pem"))

    with pytest.raises(SettingsError, match=r"none\.pem"):
        authorities()
