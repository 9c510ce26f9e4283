"""`streetwarden evidence` and `streetwarden outbox`, as typed."""

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from tests.fakes import ManualClock
from tests.unit.evidence.scenes import decided, observed, standing, street
from tests.unit.sinks.messages import Book, event
from vision.cli import evidence, outbox
from vision.core.errors import EvidenceError, SinkError
from vision.core.scene import GeoPoint
from vision.evidence.keys import KeyFolder
from vision.evidence.seal import Sealer
from vision.evidence.store import PackageStore
from vision.sinks.outbox import Outbox


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home with one sealed event, the one that commands find."""
    root = tmp_path / "evidence"
    clock = ManualClock()
    signer = KeyFolder(tmp_path / "keys").signer()
    store = PackageStore(
        root, sealer=Sealer(root, clock=clock, signer=signer), clock=clock
    )
    at = street(1)
    place = standing(at)
    seen = observed(at, place, boxes=((1, (60.0, 40.0, 140.0, 220.0)),))
    store.observe(seen)
    store.keep(decided(at, place), seen)
    store.close(20)
    monkeypatch.setenv("STREETWARDEN_HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def typed(*arguments: str) -> Result:
    return CliRunner().invoke(evidence.app, list(arguments))


def words(*arguments: str) -> Result:
    return CliRunner().invoke(outbox.app, list(arguments))


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize("what", ["event-1", "evidence/event-1", "--all"])
def test_a_whole_package_verifies(what: str) -> None:
    done = typed("verify", what)

    assert done.exit_code == 0
    assert "whole" in done.output


def test_a_package_verifies_from_within(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(home / "evidence" / "event-1")
    done = typed("verify", ".")

    assert done.exit_code == 0
    assert done.output == "event-1: whole.\n"


@pytest.mark.parametrize("what", ["event-1", "--all"])
def test_a_changed_byte_is_named_and_ends_with_status_6(home: Path, what: str) -> None:
    picture = home / "evidence" / "event-1" / "001-wide_deciding.jpg"
    payload = bytearray(picture.read_bytes())
    payload[1000] ^= 1
    picture.write_bytes(payload)

    done = typed("verify", what)

    assert done.exit_code == 6
    assert done.output == "event-1/001-wide_deciding.jpg: changed: other bytes\n"


def test_a_package_verifies_elsewhere_with_the_exported_key_alone(home: Path) -> None:
    elsewhere = home / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "engine.pem").write_text(typed("export-key").output)
    for key in (home / "keys").iterdir():
        key.unlink()

    done = typed("verify", "event-1", "--keys", str(elsewhere))

    assert done.exit_code == 0


def test_without_any_key_verification_says_so(home: Path) -> None:
    for key in (home / "keys").iterdir():
        key.unlink()

    done = typed("verify", "event-1")

    assert isinstance(done.exception, EvidenceError)
    assert "--unsigned" in str(done.exception)


def test_the_page_hides_originals_and_says_how_many(home: Path) -> None:
    done = typed("show", "event-1", "--out", "page.html")
    page = (home / "page.html").read_text()

    assert done.exit_code == 0
    assert "Verified." in page
    assert "overlay" in page
    assert "wide deciding redacted" in page
    assert not re.search(r"<figcaption>wide deciding ·", page)
    assert page.count("<video") == page.count("clip redacted") == 1
    assert "5 files are not shown: originals and copies with plates" in page
    assert "http" not in re.sub(r"data:[^\"]*", "", page)


def test_the_page_says_where_a_moving_camera_saw_it(home: Path) -> None:
    store = PackageStore(
        home / "evidence",
        sealer=Sealer(
            home / "evidence",
            clock=ManualClock(),
            signer=KeyFolder(home / "keys").signer(),
        ),
    )
    at = street(2)
    seen = standing(at, geo=GeoPoint(30.59312, 114.30541, accuracy_m=3.2))
    driven = observed(at, seen)
    store.observe(driven)
    store.keep(decided(at, seen, event_id="event-2"), driven)
    store.close(20)

    done = typed("show", "event-2", "--out", "page.html")

    assert done.exit_code == 0
    assert "at 30.59312, 114.30541 ±4 m (wgs84)" in (home / "page.html").read_text()


def test_originals_open_with_a_reason_that_goes_on_record(home: Path) -> None:
    done = typed("show", "event-1", "--originals", "复议 appeal 17")
    page = (home / "event-1.html").read_text()
    ledger = (home / "evidence" / "ledger.jsonl").read_text()

    assert done.exit_code == 0
    assert "<video" in page
    assert "复议 appeal 17" in ledger
    assert typed("verify", "--all").exit_code == 0


def test_originals_do_not_open_without_a_reason(home: Path) -> None:
    done = typed("show", "event-1", "--originals", " ")

    assert isinstance(done.exception, EvidenceError)
    assert not (home / "event-1.html").exists()


def test_a_spoiled_package_s_page_says_so_on_top(home: Path) -> None:
    (home / "evidence" / "event-1" / "001-overlay.jpg").write_bytes(b"forged")
    done = typed("show", "event-1", "--out", "page.html")

    assert "DOES NOT VERIFY" in done.output
    assert "This package does not verify." in (home / "page.html").read_text()


def test_the_page_shows_text_as_text(home: Path) -> None:
    (home / "evidence" / "event-1" / "<b>.jpg").write_bytes(b"x")
    typed("show", "event-1", "--out", "page.html")
    page = (home / "page.html").read_text()

    assert "&lt;b&gt;.jpg" in page
    assert "<b>.jpg" not in page


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize("name", ["nobody", "../keys"])
def test_an_unknown_event_is_refused_in_words(name: str) -> None:
    done = typed("show", name)

    assert isinstance(done.exception, EvidenceError)


@pytest.mark.usefixtures("home")
def test_a_hold_is_set_listed_and_released() -> None:
    typed("hold", "event-1", "court case 5")
    listed = typed("holds").output
    typed("release", "event-1", "closed")

    assert listed == "event-1: court case 5\n"
    assert typed("holds").output == ""
    assert typed("verify", "--all").exit_code == 0


@pytest.mark.usefixtures("home")
def test_a_new_key_does_not_invalidate_what_the_old_one_signed() -> None:
    before = typed("export-key").output
    typed("rotate-key")

    assert typed("export-key").output != before
    assert typed("verify", "--all").exit_code == 0


def test_private_keys_are_for_their_owner_only(home: Path) -> None:
    (private,) = (home / "keys").glob("*.key.pem")

    assert private.stat().st_mode & 0o777 == 0o600
    assert (home / "keys").stat().st_mode & 0o777 == 0o700


def test_refused_messages_are_listed_and_replayed(home: Path) -> None:
    book = Book("desk")
    book.refused = {"event-gate-0.1"}
    sink = Outbox(home / "outbox.db", [book])
    sink.put(event(0))
    sink.close(5)
    dead = words("dead").output
    replayed = words("replay", "event-gate-0.1").output
    waits = words("list").output
    book.refused.clear()
    Outbox(home / "outbox.db", [book]).close(5)

    assert "event-gate-0.1  desk  1 attempts: refused" in dead
    assert replayed == "1 deliveries will be tried again.\n"
    assert waits.startswith("desk: 1 wait")
    assert "event-gate-0.1" in book.events


def test_replaying_what_was_never_refused_ends_with_status_1(home: Path) -> None:
    Outbox(home / "outbox.db", [Book()]).close(1)

    assert words("replay", "nothing").exit_code == 1


def test_a_receiver_that_is_gone_can_be_forgotten(home: Path) -> None:
    gone = Book("gone")
    gone.down = True
    sink = Outbox(home / "outbox.db", [gone])
    sink.put(event(0))
    sink.close(0.05)
    words("forget", "gone")

    assert words("list").output == "The outbox is empty.\n"


@pytest.mark.usefixtures("home")
def test_without_an_outbox_the_command_says_where_it_looked() -> None:
    done = words("list")

    assert isinstance(done.exception, SinkError)
    assert "outbox.db" in str(done.exception)
