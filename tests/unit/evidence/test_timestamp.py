"""Time-stamps from a local authority: OpenSSL behind a real HTTP server."""

import hashlib
import shutil
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from cryptography.x509 import Certificate, load_pem_x509_certificate
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typing_extensions import override

from tests.fakes import ManualClock
from tests.unit.evidence.test_verify import fill
from vision.core.clock import SystemClock
from vision.core.errors import EvidenceError
from vision.core.evidence import Artifact
from vision.evidence import der
from vision.evidence.keys import KeyFolder
from vision.evidence.manifest import Manifest
from vision.evidence.seal import Sealer
from vision.evidence.signing import TrustedKeys
from vision.evidence.stamping import stamp_package
from vision.evidence.timestamp import fetch, parse, request, signed_by
from vision.evidence.verify import verify_package
from vision.evidence.verify_store import verify_store

pytestmark = pytest.mark.skipif(
    shutil.which("openssl") is None, reason="the local authority is OpenSSL's"
)

_CONFIG = """
[req]
distinguished_name=dn
x509_extensions=ext
prompt=no
[dn]
CN=Local authority
[ext]
extendedKeyUsage=critical,timeStamping
basicConstraints=CA:true
[tsa]
default_tsa=t
[t]
serial=serial
signer_digest=sha256
default_policy=1.2.3.4.1
digests=sha256
ess_cert_id_alg=sha256
"""


class Authority:
    """A key, a certificate and `openssl ts`."""

    def __init__(self, folder: Path, kind: str) -> None:
        self.folder = folder
        self.url = ""
        (folder / "c.cnf").write_text(_CONFIG)
        key = (
            ["rsa:2048"]
            if kind == "rsa"
            else ["ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
        )
        self._openssl(
            "req", "-x509", "-newkey", *key, "-nodes", "-days", "2",
            "-keyout", "k.pem", "-out", "c.pem", "-config", "c.cnf",
        )  # fmt: skip
        self.certificate: Certificate = load_pem_x509_certificate(
            (folder / "c.pem").read_bytes()
        )

    def answer(self, query: bytes) -> bytes:
        (self.folder / "q").write_bytes(query)
        self._openssl(
            "ts", "-reply", "-config", "c.cnf", "-section", "t", "-queryfile", "q",
            "-signer", "c.pem", "-inkey", "k.pem", "-out", "r",
        )  # fmt: skip
        return (self.folder / "r").read_bytes()

    def _openssl(self, *arguments: str) -> None:
        subprocess.run(
            ["openssl", *arguments], cwd=self.folder, check=True, capture_output=True
        )


@pytest.fixture(scope="module", params=["rsa", "ec"])
def authority(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Authority]:
    one = Authority(tmp_path_factory.mktemp("tsa"), request.param)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            query = self.rfile.read(int(self.headers["Content-Length"]))
            text = b"sorry" if self.path == "/broken" else one.answer(query)
            self.send_response(503 if self.path == "/away" else 200)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        @override
        def log_message(self, format: str, *args: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    one.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield one
    server.shutdown()
    server.server_close()


def stamped(home: Path, authority: Authority) -> tuple[Path, TrustedKeys]:
    root = home / "evidence"
    keys = fill(root, home / "keys", events=1)
    sealer = Sealer(root, clock=ManualClock(), signer=KeyFolder(home / "keys").signer())
    stamp_package(
        root,
        "event-0",
        lambda text: fetch(authority.url, text),
        sealer=sealer,
        clock=ManualClock(),
    )
    return root, keys


def test_a_token_is_for_the_text_now_and_signed_by_its_authority(
    authority: Authority,
) -> None:
    stamp = parse(fetch(authority.url, b"text"))
    age_s = (SystemClock().now() - stamp.at).total_seconds()

    assert stamp.digest == hashlib.sha256(b"text").digest()
    assert -2 < age_s < 30
    assert signed_by(stamp, [authority.certificate])


def test_a_stamped_package_verifies_and_names_its_time_stamp(
    authority: Authority, tmp_path: Path
) -> None:
    root, keys = stamped(tmp_path, authority)
    folder = root / "event-0"
    trusted = [authority.certificate]

    assert verify_store(root, keys) == []
    assert verify_package(folder, keys, authorities=trusted) == []
    assert [path.name for path in folder.glob("*.tsr")] == ["manifest-003.tsr"]


def test_a_stranger_s_time_stamp_is_not_accepted(
    authority: Authority, tmp_path: Path
) -> None:
    root, keys = stamped(tmp_path, authority)
    (tmp_path / "stranger").mkdir()
    stranger = Authority(tmp_path / "stranger", "rsa").certificate
    found = verify_package(root / "event-0", keys, authorities=[stranger])

    assert [f.path for f in found] == ["event-0/manifest-003.tsr"]


def test_a_token_for_another_manifest_is_found_even_if_it_was_sealed(
    authority: Authority, tmp_path: Path
) -> None:
    root = tmp_path / "evidence"
    keys = fill(root, tmp_path / "keys", events=1)
    signer = KeyFolder(tmp_path / "keys").signer()
    stamp_package(
        root,
        "event-0",
        lambda _: fetch(authority.url, b"another text"),
        sealer=Sealer(root, clock=ManualClock(), signer=signer),
        clock=ManualClock(),
    )

    assert [f.path for f in verify_store(root, keys)] == ["event-0/manifest-003.tsr"]


@pytest.mark.parametrize("path", ["/broken", "/away"])
def test_an_authority_that_fails_leaves_the_package_as_it_was(
    authority: Authority, tmp_path: Path, path: str
) -> None:
    root = tmp_path / "evidence"
    keys = fill(root, tmp_path / "keys", events=1)
    before = {p.name: p.read_bytes() for p in (root / "event-0").iterdir()}
    sealer = Sealer(root, clock=ManualClock())

    with pytest.raises(EvidenceError):
        stamp_package(
            root,
            "event-0",
            lambda text: fetch(authority.url + path, text),
            sealer=sealer,
            clock=ManualClock(),
        )
    assert {p.name: p.read_bytes() for p in (root / "event-0").iterdir()} == before
    assert verify_store(root, keys) == []


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(choice=st.data())
def test_a_spoiled_token_is_an_error_of_ours_or_does_not_verify(
    authority: Authority, choice: st.DataObject
) -> None:
    token = bytearray(_token_of(authority))
    at = choice.draw(st.integers(0, len(token) - 1))
    token[at] ^= choice.draw(st.integers(1, 255))
    try:
        stamp = parse(bytes(token))
        same = stamp.digest == hashlib.sha256(b"text").digest()
        good = same and signed_by(stamp, [authority.certificate])
    except EvidenceError:
        return
    # What is left are bytes that no one signed: version, certificates, unused parts.
    assert not good or stamp.info == parse(_token_of(authority)).info


_TOKENS: dict[str, bytes] = {}


def _token_of(authority: Authority) -> bytes:
    return _TOKENS.setdefault(authority.url, fetch(authority.url, b"text"))


class FullSealer(Sealer):
    """Finds the disk full."""

    @override
    def seal(self, folder: Path, revision: Manifest) -> tuple[Artifact, ...]:
        raise OSError(28, "No space left on device")


def test_a_stamp_that_cannot_be_sealed_is_removed(
    tmp_path: Path, authority: Authority
) -> None:
    root = tmp_path / "evidence"
    keys = fill(root, tmp_path / "keys", events=1)
    sealer = FullSealer(root, clock=ManualClock())
    with pytest.raises(OSError, match="No space"):
        stamp_package(
            root,
            "event-0",
            lambda text: fetch(authority.url, text),
            sealer=sealer,
            clock=ManualClock(),
        )

    assert verify_package(root / "event-0", keys) == []


@given(st.binary(max_size=300))
def test_no_bytes_make_the_reader_fail_in_another_way(text: bytes) -> None:
    try:
        parse(text)
    except EvidenceError:
        pass
    else:
        pytest.fail("random bytes are no token")


@given(st.integers(0, 2**63), st.binary(min_size=32, max_size=32))
def test_a_request_is_der_that_says_what_was_asked(nonce: int, digest: bytes) -> None:
    version, imprint, number, wanted = der.read(request(digest, nonce)).parts()

    assert version.content == b"\x01"
    assert imprint.parts()[1].content == digest
    assert int.from_bytes(number.content, "big") == nonce
    assert wanted.content == b"\xff"
