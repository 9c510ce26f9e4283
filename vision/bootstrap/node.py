"""A site watched by many machines: the part of a node that watches some cameras."""

import itertools
import logging
import os
import shutil
import socket
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from threading import Event

from vision.bootstrap.evidence import evidence_policy
from vision.bootstrap.handover import OpenEvents, take_over
from vision.bootstrap.heap import bound_heap, returning_memory
from vision.bootstrap.model import build_detector
from vision.bootstrap.sinks import build_look_desk
from vision.bootstrap.site import (
    Outlets,
    Watch,
    build_engine,
    provenance_of,
    time_zone_of,
)
from vision.cluster.mail import (
    FilesLetter,
    HealthLetter,
    KeyLetter,
    Mailbox,
    MemoryLetter,
    WhyLetter,
)
from vision.cluster.post import Log, Order, Outcome, Stage
from vision.config.home import Home, InUseError
from vision.config.load import Loaded
from vision.config.site import MetricsSettings, SiteSettings
from vision.core.clock import SystemClock
from vision.core.errors import ConfigError
from vision.core.events import ViolationEvent
from vision.core.evidence import Evidence
from vision.core.health import HealthEvent
from vision.core.look_ports import LookDesk
from vision.core.memory import CameraMemory
from vision.core.ports import Clock
from vision.core.verification import LookAnswer, LookRequest
from vision.evidence.keys import KeyFolder
from vision.evidence.passed import PassedPolicy
from vision.evidence.retention import RetentionPolicy
from vision.evidence.seal import Sealer
from vision.evidence.store import PackageStore
from vision.pipeline.delivery import HeldDelivery
from vision.pipeline.memory_disk import write_memory
from vision.sinks.look_desk import HttpLookDesk

logger = logging.getLogger(__name__)

_CLIPS_S = 20.0
_ANSWERS_S = 5.0
# A node's own copy of a package is needed until the run's machine has it, or the event
# is over.
_NODE_KEEPS = RetentionPolicy(
    clips_for=timedelta(days=1),
    originals_for=timedelta(days=1),
    package_for=timedelta(days=1),
    quota_bytes=4 << 30,
    promised=False,
)


def watch_group(
    loaded: Loaded[SiteSettings],
    order: Order,
    mailbox: Mailbox,
    stop: Event,
    log: Log,
) -> Outcome:
    """Watch a group of cameras on a node; runs in a post.

    Args:
        loaded: the whole site.
        order: which cameras, and what they remember.
        mailbox: where events, evidence, news and memories go.
        stop: set when it is to end.
        log: told how far it is.

    Raises:
        VisionError: this node cannot watch, or the model failed.
    """
    _enter(order.folder)
    home = Home.from_environment()
    home.prepare()
    mine = replace(loaded, settings=_share_of(loaded.settings, order.cameras))
    bound_heap()
    detector = build_detector(mine.settings.model)
    clock = SystemClock()
    with _claimed(home.root / "posts") as slot, ExitStack() as stack:
        _lay_out(slot.places, order)
        delivery = HeldDelivery(_MailSink(mailbox), clock)
        policy = evidence_policy(mine.settings.evidence, time_zone_of(mine.settings))
        keys = KeyFolder(home.keys)
        signer = keys.signer()
        mailbox.post(KeyLetter(socket.gethostname(), keys.public_pem(signer.key_id)))
        evidence = PackageStore(
            slot.evidence,
            sealer=Sealer(slot.evidence, clock=clock, signer=signer),
            provenance=provenance_of(mine, detector),
            clock=clock,
            on_health=delivery.health,
            policy=replace(
                policy, retention=_NODE_KEEPS, passed=PassedPolicy(home.sights)
            ),
        )
        stack.callback(evidence.close, _CLIPS_S)
        evidence.deliver_late_to(
            lambda event_id, files: mailbox.post(FilesLetter(event_id, files))
        )
        goes_on = OpenEvents(order.memories)
        evidence.spare(lambda: mailbox.events_waiting() | goes_on.ids())
        take_over(slot.evidence, order.seals, mailbox)
        looks = _look_desk(mine.settings, clock)
        if looks is not None:
            stack.callback(looks.close, _ANSWERS_S)
        outlets = Outlets(
            delivery,
            evidence,
            None if looks is None else MailedLooks(looks, mailbox),
            on_memory=partial(_remember, goes_on, mailbox),
            on_why=lambda camera, record: mailbox.post(WhyLetter(camera, record)),
        )
        engine = build_engine(
            mine,
            slot,
            detector=detector,
            outlets=outlets,
            clock=clock,
            watch=Watch(
                on_frame=lambda frame, _: log.saw(frame.camera_id, frame.media_time_s)
            ),
        )
        log.measured_in(engine.registry)
        stack.enter_context(returning_memory())
        log.reached(Stage.WATCHING)
        summary = engine.run(stop)
        log.reached(Stage.RELEASED)
    return Outcome(summary.frames, summary.steps, summary.failed)


def _remember(
    goes_on: OpenEvents, mailbox: Mailbox, camera_id: str, memory: CameraMemory
) -> None:
    goes_on.remember(camera_id, memory)
    mailbox.post(MemoryLetter(camera_id, memory))


def _look_desk(settings: SiteSettings, clock: Clock) -> HttpLookDesk | None:
    """Return where second looks are asked for, if this node has the service's key."""
    cameras = [camera.id for camera in settings.cameras if not camera.moving]
    try:
        return build_look_desk(settings.sinks, cameras, settings.looks, clock)
    except ConfigError as error:
        logger.warning("second looks are not answered from this node: %s", error)
        return None


class MailedLooks:
    """A `LookDesk` whose pictures lie at the run's desk, too, as they are sealed."""

    def __init__(self, looks: LookDesk, mailbox: Mailbox) -> None:
        self._looks = looks
        self._mailbox = mailbox

    def waiting(self, camera_id: str) -> Sequence[LookRequest]:
        """Return what has been asked of a camera and has no answer yet."""
        return self._looks.waiting(camera_id)

    def answer(self, answer: LookAnswer, after: Evidence) -> None:
        """Take an answer; its pictures reach the service with it, not once more."""
        if any(file.role == "manifest" for file in after.artifacts):
            letter = FilesLetter(answer.request.event_id, after, announced=False)
            self._mailbox.post(letter)
        self._looks.answer(answer, after)

    def close(self, timeout_s: float) -> None:
        """Hand on the answers that can be handed on in `timeout_s`, then stop."""
        self._looks.close(timeout_s)


class _MailSink:
    """An `EventSink` whose far end is the desk."""

    def __init__(self, mailbox: Mailbox) -> None:
        self._mailbox = mailbox

    def put(self, event: ViolationEvent) -> None:
        """Accept one event; returns when the desk has it.

        Raises:
            SinkUnavailableError: the desk is away.
        """
        self._mailbox.deliver(event)

    def put_health(self, event: HealthEvent) -> None:
        """Accept one health event."""
        self._mailbox.post(HealthLetter(event))

    def close(self, timeout_s: float) -> None:
        """Nothing is kept here."""


def _enter(folder: Path) -> None:
    """Go where the site's relative paths begin.

    Raises:
        ConfigError: there is no such folder on this node.
    """
    try:
        os.chdir(folder)
    except OSError as error:
        msg = (
            f"{folder} cannot be entered here ({error.strerror}); relative paths of "
            "the site begin there: make the folder with model and taxonomy on every "
            "node, or share it"
        )
        raise ConfigError(msg) from error


def _share_of(settings: SiteSettings, cameras: tuple[str, ...]) -> SiteSettings:
    """Return a site with some of its cameras, as one of many processes of a node."""
    model = settings.model
    return settings.model_copy(
        update={
            "cameras": tuple(one for one in settings.cameras if one.id in cameras),
            # One post per core: models that take all cores get in each other's way.
            "model": model.model_copy(update={"threads": model.threads or 1}),
            "metrics": MetricsSettings(),
        }
    )


@contextmanager
def _claimed(folder: Path) -> Iterator[Home]:
    """Claim the first free of a node's numbered working folders.

    A post that died leaves its folder free: the next one tidies it and sends the
    clips that were sealed and not sent.

    Raises:
        ConfigError: no folder can be made.
    """
    for number in itertools.count():
        home = Home(folder / str(number))
        with ExitStack() as claim:
            try:
                claim.enter_context(home.claimed())
            except InUseError:
                continue
            yield home
            return


def _lay_out(places: Path, order: Order) -> None:
    """Put the order's memories where cameras look for theirs, and no others."""
    if places.exists():
        shutil.rmtree(places)
    for camera_id, memory in order.memories.items():
        write_memory(places / f"{camera_id}.json", memory, sync=False)
