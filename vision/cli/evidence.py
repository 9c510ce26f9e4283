"""`streetwarden evidence`: verify, show and look after what proves an event."""

import getpass
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from cryptography.x509 import Certificate, load_pem_x509_certificates

from vision.config.home import Home
from vision.core.clock import SystemClock
from vision.core.errors import EvidenceError
from vision.evidence import holds, manifest
from vision.evidence.keys import KeyFolder
from vision.evidence.ledger import NAME as LEDGER
from vision.evidence.ledger import OPENED, Ledger, Line
from vision.evidence.page import render_page
from vision.evidence.seal import Sealer
from vision.evidence.signing import TrustedKeys
from vision.evidence.stamping import stamp_package
from vision.evidence.timestamp import fetch
from vision.evidence.verify import verify_package
from vision.evidence.verify_seal import Finding
from vision.evidence.verify_store import deletions, verify_store

app = typer.Typer(
    name="evidence",
    help="Verify, show and look after what proves an event.",
    no_args_is_help=True,
)

Event = Annotated[str, typer.Argument(help="An event's id.")]
Keys = Annotated[
    Path | None,
    typer.Option(
        help="Folder of public keys (*.pem); default: this engine's own, and those of "
        "the nodes of its cluster runs."
    ),
]
Unsigned = Annotated[
    bool, typer.Option("--unsigned", help="Do not ask for signatures.")
]
Whole = Annotated[
    bool, typer.Option("--all", help="The whole store: nothing added or taken away.")
]
Authority = Annotated[
    Path | None,
    typer.Option(help="Certificates (PEM) of time-stamp authorities to trust."),
]
Reason = Annotated[
    str | None,
    typer.Option(help="Show the originals, too; the reason is put on record."),
]


@app.command()
def verify(
    path: Annotated[
        Path | None, typer.Argument(help="A package's folder, or an event's id.")
    ] = None,
    *,
    whole: Whole = False,
    keys: Keys = None,
    unsigned: Unsigned = False,
    tsa_cert: Authority = None,
) -> None:
    """Prove, offline, that nothing was changed, added or taken away."""
    home = Home.from_environment()
    trusted = None if unsigned else _trusted(home, keys)
    if whole == (path is not None):
        msg = "evidence verify: expected either a package or --all"
        raise EvidenceError(msg)
    if path is None:
        if tsa_cert is not None:
            msg = "--tsa-cert: expected one package, not --all"
            raise EvidenceError(msg)
        _verify_all(home.evidence, trusted)
        return
    # A package must bear its event's name: `.` has none.
    folder = path.resolve() if path.is_dir() else home.evidence / path
    if not folder.is_dir():
        msg = f"{path}: no such package; expected a folder, or an event's id"
        raise EvidenceError(msg)
    findings = _check(folder, trusted, _authorities(tsa_cert))
    _conclude(findings, f"{folder.name}: whole.")


@app.command()
def show(
    event: Event,
    *,
    out: Annotated[
        Path | None, typer.Option(help="HTML file; default: EVENT.html.")
    ] = None,
    originals: Reason = None,
    keys: Keys = None,
) -> None:
    """Write a package as one HTML page; people stay hidden unless a reason is given."""
    home = Home.from_environment()
    findings = _check(home.evidence / event, _trusted(home, keys))
    if originals is not None:
        _record_opening(home.evidence, event, originals)
    page = render_page(home.evidence, event, findings, originals=originals is not None)
    target = out or Path(f"{event}.html")
    try:
        target.write_text(page, encoding="utf-8")
    except OSError as error:
        msg = f"--out: {target} cannot be written ({error.strerror}); name another"
        raise EvidenceError(msg) from error
    print(f"{target}: {'verified' if not findings else 'DOES NOT VERIFY'}")


@app.command()
def stamp(
    event: Event,
    tsa: Annotated[str, typer.Option(help="Address of an RFC 3161 authority.")],
) -> None:
    """Have an authority stamp a package: it existed at that time."""
    home = Home.from_environment()
    clock = SystemClock()
    sealer = Sealer(home.evidence, clock=clock, signer=KeyFolder(home.keys).signer())
    try:
        done = stamp_package(
            home.evidence,
            event,
            lambda text: fetch(tsa, text),
            sealer=sealer,
            clock=clock,
        )
    except OSError as error:
        msg = f"{event}: cannot be stamped ({error}); free space or fix the owner"
        raise EvidenceError(msg) from error
    print(f"{event}: stamped at {done.at.isoformat()}")


@app.command()
def hold(
    event: Event, reason: Annotated[str, typer.Argument(help="Why, in words.")]
) -> None:
    """Keep a package until it is released, whatever retention says."""
    root = Home.from_environment().evidence
    who = getpass.getuser()
    holds.hold(root, event, who=who, reason=reason, clock=SystemClock())
    print(f"{event} is on hold.")


@app.command()
def release(
    event: Event, reason: Annotated[str, typer.Argument(help="Why, in words.")]
) -> None:
    """End a hold."""
    root = Home.from_environment().evidence
    who = getpass.getuser()
    holds.release(root, event, who=who, reason=reason, clock=SystemClock())
    print(f"{event} is no longer on hold.")


@app.command("holds")
def list_holds() -> None:
    """Print what is on hold, and why."""
    for event, reason in holds.held(Home.from_environment().evidence).items():
        print(f"{event}: {reason}")


@app.command("export-key")
def export_key(
    key_id: Annotated[str | None, typer.Option(help="Default: the key in use.")] = None,
) -> None:
    """Print a public key; whoever has it can verify packages elsewhere."""
    pem = KeyFolder(Home.from_environment().keys).public_pem(key_id)
    print(pem.decode(), end="")


@app.command("rotate-key")
def rotate_key() -> None:
    """Make a new signing key; what older keys signed still verifies."""
    key_id = KeyFolder(Home.from_environment().keys).rotate()
    print(f"new key {key_id}; the engine uses it from its next start")


def _trusted(home: Home, keys: Path | None) -> TrustedKeys:
    folder = home.keys if keys is None else keys
    trusted = KeyFolder(folder).trusted()
    if not trusted:
        msg = (
            f"{folder}: holds no public key; name a folder with --keys, "
            "or say --unsigned"
        )
        raise EvidenceError(msg)
    return trusted


def _verify_all(root: Path, trusted: TrustedKeys | None) -> None:
    if not (root / LEDGER).exists():
        msg = f"{root}: holds no sealed package; is STREETWARDEN_HOME right?"
        raise EvidenceError(msg)
    _conclude(verify_store(root, trusted), f"{root}: every package is whole.")


def _check(
    folder: Path,
    trusted: TrustedKeys | None,
    authorities: Sequence[Certificate] = (),
) -> list[Finding]:
    deleted = deletions(folder.parent).get(folder.name, {})
    return verify_package(folder, trusted, deleted, authorities=authorities)


def _authorities(path: Path | None) -> list[Certificate]:
    if path is None:
        return []
    try:
        return load_pem_x509_certificates(path.read_bytes())
    except (OSError, ValueError) as error:
        msg = f"--tsa-cert: {path}: holds no certificate ({error}); expected PEM"
        raise EvidenceError(msg) from error


def _conclude(findings: Sequence[Finding], good: str) -> None:
    if not findings:
        print(good)
        return
    for finding in findings:
        print(f"{finding.path}: {finding.what}")
    raise typer.Exit(6)


def _record_opening(root: Path, event: str, reason: str) -> None:
    """Put on record who opened originals and why, before they are shown."""
    if not reason.strip():
        msg = "--originals: expected a reason in words"
        raise EvidenceError(msg)
    name = root / event / manifest.NAME
    line = Line(
        OPENED,
        event,
        "",
        0,
        manifest.digest_of(name),
        note=f"{getpass.getuser()}: {reason}",
    )
    try:
        Ledger(root).append(line, SystemClock().now())
    except OSError as error:
        msg = f"{root}: the opening cannot be put on record ({error.strerror})"
        raise EvidenceError(msg) from error
