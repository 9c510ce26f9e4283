"""What nodes sealed verifies where the run was started, or it is said why not."""

import logging
import shutil
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from tests.fakes import ManualClock
from tests.unit.evidence.scenes import (
    SCENE,
    decided,
    observed,
    standing,
    street,
)
from tests.unit.sinks.messages import CODE, PROVENANCE
from vision.bootstrap.desk import Desk, Onlookers
from vision.bootstrap.fleet_status import FleetStatus
from vision.bootstrap.handover import OpenEvents, take_over
from vision.bootstrap.node import MailedLooks
from vision.bootstrap.received import ReceivedEvidence
from vision.cli import evidence as commands
from vision.cluster.mail import EventLetter, FilesLetter, KeyLetter, Mailbox
from vision.cluster.mail import MemoryLetter as Memory
from vision.cluster.post import Parcel
from vision.config.home import Home
from vision.core.errors import EvidenceError
from vision.core.events import ViolationEvent
from vision.core.evidence import Evidence
from vision.core.memory import CameraMemory
from vision.core.verification import LookAnswer, LookRequest, Outcome
from vision.core.violations import Lifecycle, Slug
from vision.evidence.keys import KeyFolder
from vision.evidence.ledger import NAME
from vision.evidence.manifest import Manifest
from vision.evidence.package import Package
from vision.evidence.retention import Retention, RetentionPolicy
from vision.evidence.seal import Sealer
from vision.evidence.signing import Ed25519Signer
from vision.evidence.store import PackageStore
from vision.evidence.store_policy import StorePolicy
from vision.sinks.outbox import Outbox
from vision.sinks.receiver import Receiver

PICTURE = "001-wide_deciding.jpg"
CLIP = "001-clip.mp4"
OPEN = CameraMemory(b'{"parts": {"opened": [{"event_id": "event-1"}]}}')
OVER = CameraMemory(b'{"parts": {"opened": []}}')


class Node:
    """A machine that seals with a key of its own and hands all in at a desk."""

    def __init__(self, folder: Path, desk: "Site", *, enrolled: bool = True) -> None:
        self.root = folder / "evidence"
        self.mailbox = Mailbox()
        self._desk = desk
        self._heard = 0
        keys = KeyFolder(folder / "keys")
        self.signer: Ed25519Signer = keys.signer()
        if enrolled:
            pem = keys.public_pem(self.signer.key_id)
            self.mailbox.post(KeyLetter(folder.name, pem))
        sealer = Sealer(self.root, clock=desk.clock, signer=self.signer)
        self.store = PackageStore(self.root, sealer=sealer, clock=desk.clock)
        self.store.deliver_late_to(
            lambda event_id, files: self.mailbox.post(FilesLetter(event_id, files))
        )
        take_over(self.root, desk.desk.order("g0", ("gate",)).seals, self.mailbox)
        self.report()

    def step(
        self, sequence: int = 1, *, event_id: str = "event-1", report: bool = True
    ) -> ViolationEvent:
        """Decide a step, seal its proof and, perhaps, hand it in."""
        at = street(sequence)
        place = standing(at)
        seen = observed(at, place)
        cycle = Lifecycle.OPENED if sequence == 1 else Lifecycle.CLEARED
        step = decided(at, place, sequence=sequence, lifecycle=cycle, event_id=event_id)
        self.store.observe(seen)
        proof = self.store.keep(step, seen)
        event = ViolationEvent(step, SCENE, CODE, PROVENANCE, proof)
        if report:
            self.tell(event)
        return event

    def tell(self, event: ViolationEvent) -> None:
        """Hand a step in."""
        files = tuple(_bytes(one.path) for one in event.evidence.artifacts)
        self._desk.desk.keep(Parcel(0, EventLetter(event), files))

    def report(self) -> None:
        """Hand in what waits."""
        letters, _ = self.mailbox.take(self._heard, 0)
        for number, letter in letters:
            files: tuple[bytes | None, ...] = ()
            if isinstance(letter, FilesLetter):
                artifacts = letter.evidence.artifacts
                files = tuple(_bytes(one.path) for one in artifacts)
            self._desk.desk.keep(Parcel(number, letter, files))
            self._heard = number

    def close(self) -> None:
        """Seal the clips and hand them in."""
        self.store.close(20)
        self.report()


class Looks:
    """Remembers the pictures of its answers."""

    def __init__(self) -> None:
        self.answered: list[Evidence] = []

    def waiting(self, camera_id: str) -> tuple[LookRequest, ...]:
        del camera_id
        return ()

    def answer(self, answer: LookAnswer, after: Evidence) -> None:
        del answer
        self.answered.append(after)

    def close(self, timeout_s: float) -> None:
        del timeout_s


class Site:
    """The desk of a run, and what a person types there."""

    def __init__(
        self,
        root: Path,
        keeps: RetentionPolicy | None = None,
        receivers: Sequence[Receiver] = (),
    ) -> None:
        self.clock = ManualClock()
        self._receivers = receivers
        self.home = Home(root)
        self.home.prepare()
        self._keeps = RetentionPolicy(keep_free=0.0) if keeps is None else keeps
        self.start()

    def start(self) -> None:
        """Begin a run."""
        home, clock = self.home, self.clock
        self.outbox = Outbox(home.outbox, self._receivers, clock=clock)
        policy = StorePolicy(min_free_bytes=0, retention=self._keeps)
        self.evidence = ReceivedEvidence(
            home.evidence, policy, outbox=self.outbox, clock=clock
        )
        with self.evidence.looked_after():
            pass
        self.desk = Desk(
            home,
            self.outbox,
            clock=clock,
            onlookers=Onlookers(),
            status=FleetStatus(["gate"], home.why, clock),
            evidence=self.evidence,
        )

    def close(self) -> None:
        self.outbox.close(1)

    def package(self, event_id: str = "event-1") -> Path:
        return self.home.evidence / event_id

    def verify(self, what: str) -> Result:
        return CliRunner().invoke(commands.app, ["verify", what])

    def whole(self) -> bool:
        """Return whether all verifies, singly and as a store."""
        codes = [self.verify(what).exit_code for what in ("event-1", "--all")]
        return codes == [0, 0]


def _bytes(path: Path) -> bytes | None:
    return path.read_bytes() if path.is_file() else None


def flip(path: Path) -> None:
    payload = bytearray(path.read_bytes())
    payload[len(payload) // 2] ^= 1
    path.write_bytes(payload)


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    monkeypatch.setenv("STREETWARDEN_HOME", str(tmp_path / "desk"))
    with closing(Site(tmp_path / "desk")) as site:
        yield site


@pytest.fixture
def received(site: Site, tmp_path: Path) -> Site:
    """A desk with two packages of two nodes, clips included."""
    for name in ("1", "2"):
        with closing(Node(tmp_path / f"node-{name}", site)) as node:
            node.step(event_id=f"event-{name}")
    return site


@pytest.mark.parametrize("what", ["event-1", "event-2", "--all"])
def test_what_any_node_sealed_verifies_at_the_desk(received: Site, what: str) -> None:
    done = received.verify(what)

    assert (done.exit_code, done.exception) == (0, None)
    assert "whole" in done.output
    assert (received.package() / CLIP).is_file()


@pytest.mark.parametrize("what", ["event-1", "--all"])
@pytest.mark.parametrize("name", [PICTURE, CLIP])
def test_a_changed_byte_is_named(received: Site, what: str, name: str) -> None:
    flip(received.package() / name)

    done = received.verify(what)

    assert done.exit_code == 6
    assert done.output == f"event-1/{name}: changed: other bytes\n"


@pytest.mark.parametrize("what", ["event-3", "--all"])
def test_a_stranger_s_seal_is_told_of_although_its_package_came_by_mail(
    received: Site, tmp_path: Path, what: str
) -> None:
    with closing(Node(tmp_path / "stranger", received, enrolled=False)) as stranger:
        stranger.step(event_id="event-3")

    done = received.verify(what)

    assert done.exit_code == 6
    told = f"unknown key {stranger.signer.key_id}; add its public key"
    assert f"event-3/manifest.sig: {told}" in done.output
    assert "event-1" not in done.output


def test_a_package_that_is_gone_is_missed_and_one_that_nobody_sent_is_told_of(
    received: Site,
) -> None:
    received.package("event-1").rename(received.package("event-9"))

    every = received.verify("--all")
    one = received.verify("event-1")

    assert every.exit_code == 6
    assert "event-1/manifest.json: missing\n" in every.output
    assert "event-9: added: the ledger knows no such package\n" in every.output
    assert isinstance(one.exception, EvidenceError)
    assert "event-1: no such package" in str(one.exception)


def test_a_node_s_key_lies_with_the_desk_s_and_is_on_record(
    received: Site, tmp_path: Path
) -> None:
    first = KeyFolder(tmp_path / "node-1" / "keys").signer().key_id
    lines = (received.home.evidence / NAME).read_text().splitlines()

    assert (received.home.keys / f"{first}.pub.pem").is_file()
    assert not list(received.home.keys.glob("*.key.pem"))
    assert sum(f"node-1: {first}" in line for line in lines) == 1
    assert not list(received.package().glob("*.pem"))


def test_a_node_with_another_key_is_trusted_and_told_of(
    received: Site, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    before = KeyFolder(tmp_path / "node-1" / "keys").signer().key_id
    after = KeyFolder(tmp_path / "node-1" / "keys").rotate()
    with (
        caplog.at_level(logging.WARNING),
        closing(Node(tmp_path / "node-1", received)) as node,
    ):
        node.step(event_id="event-3")

    assert f"seals with another key from now on: {after}, before {before}" in (
        caplog.text
    )
    assert received.verify("event-3").exit_code == 0
    assert received.whole()


def test_what_is_no_key_is_trusted_by_nobody(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    site.desk.keep(Parcel(1, KeyLetter("node-1", b"-----BEGIN NONSENSE-----")))

    assert "node node-1: its key is not trusted" in caplog.text
    assert not site.home.keys.exists()


def test_an_event_that_goes_on_elsewhere_stays_one_package(
    site: Site, tmp_path: Path
) -> None:
    with closing(Node(tmp_path / "node-1", site)) as first:
        first.step()
    with closing(Node(tmp_path / "node-2", site)) as second:
        second.step(11)

    sealed = Package(site.home.evidence, "event-1").read()

    assert sealed is not None
    assert [step["sequence"] for step in sealed.steps] == [1, 11]
    assert {PICTURE, CLIP, "011-wide_deciding.jpg"} <= {
        entry.artifact.name for entry in sealed.entries
    }
    assert site.whole()


def test_a_decision_that_a_dead_node_s_memory_did_not_know_is_not_sealed_twice(
    site: Site, tmp_path: Path
) -> None:
    with closing(Node(tmp_path / "node-1", site)) as first:
        first.step()
    picture = (site.package() / PICTURE).read_bytes()
    site.close()
    site.start()  # the desk was started anew, too
    with closing(Node(tmp_path / "node-2", site)) as second:
        second.step()

    assert (site.package() / PICTURE).read_bytes() == picture
    assert sorted(path.name for path in site.package().glob("manifest-*.json")) == [
        "manifest-001.json",
        "manifest-002.json",
    ]
    assert site.whole()


def test_what_is_in_a_camera_s_memory_is_handed_over_for_as_long_as_it_is_open(
    site: Site, tmp_path: Path
) -> None:
    with closing(Node(tmp_path / "node-1", site)) as first:
        first.step()
    site.desk.keep(Parcel(1, Memory("gate", OPEN)))
    open_still = site.desk.order("g0", ("gate",)).seals
    site.desk.keep(Parcel(2, Memory("gate", OVER)))

    assert open_still.keys() == {"event-1"}
    assert site.desk.order("g0", ("gate",)).seals == {}


def test_the_newest_seal_is_in_force_whatever_comes_when(
    site: Site, tmp_path: Path
) -> None:
    with closing(Node(tmp_path / "node-1", site)) as node:
        first = node.step(report=False)
        second = node.step(2, report=False)
        for event in (second, first, first):  # and once more after a crash
            node.tell(event)

    sealed = Package(site.home.evidence, "event-1").read()

    assert sealed is not None
    assert len(sealed.steps) == 2
    assert site.whole()


def test_a_node_keeps_a_package_for_as_long_as_its_event_is_open(
    site: Site, tmp_path: Path
) -> None:
    goes_on = OpenEvents({"gate": OPEN})
    keeps = RetentionPolicy(package_for=timedelta(days=1), keep_free=0.0)
    with closing(Node(tmp_path / "node-1", site)) as node:
        node.step()
        node.step(event_id="event-2")
        retention = Retention(node.root, keeps, clock=site.clock)
        retention.sweep(goes_on.ids())
        for _ in range(49):
            site.clock.advance(3600)
            retention.sweep(goes_on.ids())
        left = [path.name for path in node.root.glob("event-*")]
        node.step(11)
    goes_on.remember("gate", OVER)

    assert left == ["event-1"]
    assert goes_on.ids() == set()
    assert site.whole()


@pytest.fixture
def forked(site: Site, tmp_path: Path) -> Site:
    """A package that two nodes have sealed without knowing of each other."""
    first = Node(tmp_path / "node-1", site)
    first.step()
    with closing(Node(tmp_path / "node-2", site)) as second:
        second.step(11)
        second.step(12)
    first.close()  # its clip comes late
    return site


def beside(site: Site) -> Path:
    (path,) = site.package().glob("manifest-002-*.json")
    return path


def test_two_nodes_that_seal_the_same_revision_both_count(forked: Site) -> None:
    assert beside(forked).with_suffix(".sig").is_file()
    assert (forked.package() / CLIP).is_file()
    assert forked.whole()


def test_a_clip_that_another_node_has_made_meanwhile_stays_out_with_its_seal(
    site: Site, tmp_path: Path
) -> None:
    """Cut off before its memory was heard; its machine hands in later what it has."""
    first = Node(tmp_path / "node-1", site)
    first.step()
    with closing(Node(tmp_path / "node-2", site)) as second:
        second.step()
        second.step(11)  # its clip shows more
    clip = (site.package() / CLIP).read_bytes()
    first.close()

    assert (tmp_path / "node-1" / "evidence" / "event-1" / CLIP).read_bytes() != clip
    assert (site.package() / CLIP).read_bytes() == clip
    assert site.whole()


def test_a_seal_beside_the_newest_vouches_for_its_own_files_only(
    forked: Site,
) -> None:
    flip(forked.package() / CLIP)
    done = forked.verify("event-1")

    assert done.exit_code == 6
    assert done.output == f"event-1/{CLIP}: changed: other bytes\n"


def test_a_seal_beside_the_newest_that_was_changed_vouches_for_nothing(
    forked: Site,
) -> None:
    flip(beside(forked))
    done = forked.verify("event-1")

    assert done.exit_code == 6
    assert f"event-1/{beside(forked).name}: added: not in the manifest" in done.output
    assert f"event-1/{CLIP}: added: not in the manifest" in done.output


def test_a_seal_beside_the_newest_is_missed_with_all_that_it_vouched_for(
    forked: Site,
) -> None:
    path = beside(forked)
    sealed = Manifest.from_bytes(path.read_bytes(), forked.package())
    for entry in sealed.entries:
        if entry.artifact.role.startswith("clip"):
            entry.artifact.path.unlink()
    path.with_suffix(".sig").unlink()
    path.unlink()

    done = forked.verify("--all")

    assert done.exit_code == 6
    assert done.output == "event-1/manifest-002.json: missing: it was received\n"


@pytest.mark.usefixtures("forked")
def test_the_page_shows_what_either_node_sealed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(commands.app, ["show", "event-1"])
    page = (tmp_path / "event-1.html").read_text()

    assert done.exit_code == 0
    assert "Verified." in page
    assert "<video" in page


def test_what_a_seal_beside_the_newest_lists_goes_at_its_age_too(
    forked: Site,
) -> None:
    keeps = RetentionPolicy(clips_for=timedelta(days=1), keep_free=0.0)
    retention = Retention(forked.home.evidence, keeps, clock=forked.clock)
    retention.sweep()
    for _ in range(49):
        forked.clock.advance(3600)
        retention.sweep()

    assert not (forked.package() / CLIP).exists()
    assert (forked.package() / PICTURE).exists()
    assert forked.whole()


def test_what_a_second_look_saw_lies_at_the_desk_and_is_told_by_the_look_alone(
    site: Site, tmp_path: Path
) -> None:
    looks = Looks()
    asked = LookRequest(
        "7", "event-1", Slug.ILLEGAL_PARKING, "p1", asked_at=site.clock.now()
    )
    with closing(Node(tmp_path / "node-1", site)) as node:
        node.step()
        at = street(5)
        answer = LookAnswer(asked, Outcome.STILL_THERE, (), 5.0, site.clock.now())
        after = node.store.afterwards.keep_after(answer, observed(at, standing(at)))
        MailedLooks(looks, node.mailbox).answer(answer, after)
        node.report()
        node.step(11)
    told = site.outbox.store.query(
        "list", lambda db: [row[0] for row in db.execute("SELECT body FROM messages")]
    )

    assert looks.answered == [after]
    assert list(site.package().glob("look-7-*-after.jpg"))
    assert not any("look-7" in str(one) for one in told)
    assert site.whole()


def test_what_a_post_sealed_and_could_not_hand_in_comes_with_the_next(
    site: Site, tmp_path: Path
) -> None:
    first = Node(tmp_path / "node-1", site)
    first.step()
    first.step(2, report=False)
    first.store.close(20)  # dies before it is heard again
    shutil.rmtree(tmp_path / "node-1" / "evidence" / ".working", ignore_errors=True)
    with closing(Node(tmp_path / "node-1", site)) as again:
        again.step(11)

    sealed = Package(site.home.evidence, "event-1").read()

    assert sealed is not None
    assert [step["sequence"] for step in sealed.steps] == [1, 2, 11]
    assert site.whole()


def test_packages_of_earlier_versions_go_on_record_at_the_next_run(
    received: Site,
) -> None:
    (received.home.evidence / NAME).unlink()  # those kept none
    received.close()
    received.start()

    assert received.whole()


def test_a_crash_while_a_package_is_received_leaves_what_was_in_force(
    received: Site,
) -> None:
    folder = received.package()
    (folder / "manifest-009.json").write_bytes(b"{")
    mark = received.home.evidence / ".working" / "step"
    mark.mkdir(parents=True, exist_ok=True)
    (mark / "event-1").touch()
    received.close()
    received.start()

    assert not (folder / "manifest-009.json").exists()
    assert received.whole()


def test_a_package_that_went_for_want_of_room_goes_on_and_verifies(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STREETWARDEN_HOME", str(tmp_path / "desk"))
    keeps = RetentionPolicy(quota_bytes=600_000, keep_free=0.0)
    with (
        closing(Site(tmp_path / "desk", keeps)) as site,
        closing(Node(tmp_path / "node-1", site)) as node,
    ):
        node.step()
        for number in range(2, 9):
            node.step(event_id=f"event-{number}")
        assert not site.package().exists()
        node.step(11)

        assert site.whole()


def test_a_repeat_with_other_bytes_does_not_replace_what_is_here(
    received: Site,
) -> None:
    picture = (received.package() / PICTURE).read_bytes()
    sealed = Package(received.home.evidence, "event-1").read()
    assert sealed is not None
    entry = next(one for one in sealed.entries if one.artifact.name == PICTURE)
    forged = replace(entry.artifact, sha256="0" * 64)
    letter = FilesLetter("event-1", Evidence((forged,)))
    received.desk.keep(Parcel(1, letter, (b"another picture",)))

    assert (received.package() / PICTURE).read_bytes() == picture
    assert received.whole()
