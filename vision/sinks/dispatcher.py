"""Sends what waits in the outbox: events at once, their files beside them."""

import logging
import random
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from vision.core.errors import SinkError, SinkUnavailableError
from vision.core.ports import Clock
from vision.core.redaction import without_secrets
from vision.core.threads import stand_back
from vision.sinks.lanes import ALARM_AFTER, Lanes, RetryPolicy
from vision.sinks.receiver import Parcel, Receiver, Stage
from vision.sinks.standing import Standing, StateListener
from vision.sinks.store import MessageStore

log = logging.getLogger(__name__)

_NICE = 5  # of files: their turn comes, but an event's comes first


class _StoredProgress:
    """Steps of one delivery, remembered in the outbox file."""

    def __init__(self, store: MessageStore, receiver: str, seq: int) -> None:
        self._store = store
        self._receiver = receiver
        self._seq = seq
        self._steps = store.steps(receiver, seq)

    def done(self, step: str) -> bool:
        return step in self._steps

    def mark(self, step: str) -> None:
        self._store.mark_step(self._receiver, self._seq, step)
        self._steps.add(step)


@dataclass(frozen=True, slots=True)
class _Route:
    """What one thread delivers, and who must hear of it.

    Attributes:
        receiver: where to.
        stage: the deliveries that have come so far; None: all, one after the other.
        standing: of the receiver, shared by its threads.
        on_passed: called when a message is delivered or refused: its files may go.
    """

    receiver: Receiver
    stage: Stage | None
    standing: Standing
    on_passed: Callable[[], None]


class ReceiverThread:
    """Delivers to one receiver, in order within each lane."""

    def __init__(
        self, route: _Route, store: MessageStore, *, clock: Clock, policy: RetryPolicy
    ) -> None:
        """Name the parts; `start` begins."""
        self._receiver = route.receiver
        self._route = route
        self._store = store
        self._clock = clock
        # Jitter needs no secrecy.
        self._lanes = Lanes(policy, random.Random())  # noqa: S311 jitter, not a secret
        self._stopping = False
        self._idle = False
        self._wake = threading.Condition()
        self._woken = True
        self._thread = threading.Thread(
            target=self._run, name=_thread_name(route), daemon=True
        )

    def start(self) -> None:
        """Begin delivering."""
        self._thread.start()

    def wake(self) -> None:
        """Say that there is something new."""
        with self._wake:
            self._woken = True
            self._idle = False
            self._wake.notify_all()

    def drain(self, timeout_s: float) -> bool:
        """Wait until nothing is due; return whether that came in time."""
        with self._wake:
            return self._wake.wait_for(lambda: self._idle, timeout_s)

    def halt(self) -> None:
        """Say that the attempt in hand is the last."""
        with self._wake:
            self._stopping = True
            self._woken = True
            self._wake.notify_all()

    def join(self, timeout_s: float) -> None:
        """Wait for the attempt in hand, or leave it behind at the time-out."""
        self._thread.join(timeout_s)

    def _run(self) -> None:
        if self._route.stage is Stage.FILES:
            stand_back(_NICE)
        while True:
            with self._wake:
                if self._stopping:
                    return
                self._woken = False
            # One time for the whole round: a lane that comes free between looking
            # for work and going to rest must not be slept past.
            now_s = self._clock.monotonic_s()
            try:
                busy = self._step(now_s)
            except Exception:  # thread edge: delivery must go on
                log.exception("delivery to %s stumbled", self._receiver.name)
                self._lanes.resting_until = now_s + 1.0
                busy = False
            if not busy:
                self._rest(now_s)

    def _rest(self, now_s: float) -> None:
        wait_s = max(0.0, self._lanes.wake_at(now_s) - self._clock.monotonic_s())
        resting = self._lanes.resting_until > now_s
        with self._wake:
            # While the receiver rests, new messages are no reason to disturb it.
            self._wake.wait_for(
                lambda: self._stopping or (self._woken and not resting), wait_s
            )

    def _step(self, now_s: float) -> bool:
        """Try one message; return whether another may follow at once."""
        if self._lanes.resting_until > now_s:
            return False
        blocked = self._lanes.blocked(now_s)
        stage = self._route.stage
        parcel = self._store.next_due(self._receiver.name, blocked, stage)
        if parcel is None:
            with self._wake:
                self._idle = not blocked and not self._woken
                self._wake.notify_all()
            return False
        self._deliver(parcel)
        return True

    def _deliver(self, parcel: Parcel) -> None:
        name, stage = self._receiver.name, self._route.stage
        files_later = stage is Stage.MESSAGE and bool(parcel.files)
        try:
            progress = _StoredProgress(self._store, name, parcel.seq)
            now = replace(parcel, files=()) if files_later else parcel
            self._receiver.deliver(now, progress)
        except SinkUnavailableError as error:
            wait_s = self._lanes.failed(parcel.lane, error, self._clock.monotonic_s())
            detail = without_secrets(str(error))
            self._store.fail(name, parcel.seq, error=detail, retry_in_s=wait_s)
            log.warning(
                "%s cannot take %s (%s); next attempt in %.1f s",
                *(name, parcel.message_id, detail, wait_s),
            )
            if self._lanes.failures_in_row >= ALARM_AFTER:
                self._route.standing.fails(stage, detail)
        except SinkError as error:
            detail = without_secrets(str(error))
            self._store.fail(name, parcel.seq, error=detail, retry_in_s=None)
            self._lanes.succeeded(parcel.lane)
            if parcel.kind != "health":
                # News of refused news would be refused, too, without end.
                self._route.standing.refuses(stage, parcel.message_id)
            log.warning("%s refused %s: %s", name, parcel.message_id, detail)
            self._route.on_passed()
        else:
            if files_later:
                self._store.taken(name, parcel.seq)
            else:
                self._store.finish(name, parcel.seq)
            self._lanes.succeeded(parcel.lane)
            self._route.standing.works(stage)
            self._route.on_passed()


def _thread_name(route: _Route) -> str:
    doing = "upload" if route.stage is Stage.FILES else "deliver"
    return f"{doing}-{route.receiver.name}"


class Dispatcher:
    """All receivers' threads.

    Messages and files of one receiver have a thread each: no event waits for pictures
    and clips of earlier ones, however many and however slow the line, and no file
    waits for ever, however many events there are.
    """

    def __init__(
        self,
        receivers: Sequence[Receiver],
        store: MessageStore,
        *,
        clock: Clock,
        policy: RetryPolicy,
        on_state: StateListener,
    ) -> None:
        """Make each receiver's threads; `start` begins."""
        self._clock = clock
        self._receivers = tuple(receivers)

        def thread(route: _Route) -> ReceiverThread:
            return ReceiverThread(route, store, clock=clock, policy=policy)

        self._threads = [
            one
            for receiver in receivers
            for one in _threads_to(receiver, Standing(receiver.name, on_state), thread)
        ]

    def start(self) -> None:
        """Begin delivering."""
        for thread in self._threads:
            thread.start()

    def wake(self) -> None:
        """Say that there is something new."""
        for thread in self._threads:
            thread.wake()

    def drain(self, timeout_s: float) -> bool:
        """Wait until nothing is due; return whether that came in time."""
        deadline_s = self._clock.monotonic_s() + timeout_s
        return all(
            thread.drain(max(0.0, deadline_s - self._clock.monotonic_s()))
            for thread in self._threads
        )

    def stop(self, timeout_s: float) -> None:
        """Stop every thread within about `timeout_s`."""
        deadline_s = self._clock.monotonic_s() + timeout_s
        for thread in self._threads:
            thread.halt()
        for thread in self._threads:
            thread.join(max(0.05, deadline_s - self._clock.monotonic_s()))
        for receiver in self._receivers:
            receiver.close()


def _threads_to(
    receiver: Receiver, standing: Standing, thread: Callable[[_Route], ReceiverThread]
) -> list[ReceiverThread]:
    """Return a receiver's threads, messages first: then all files are known."""
    if not receiver.takes_files:
        return [thread(_Route(receiver, None, standing, _nothing))]
    uploads = thread(_Route(receiver, Stage.FILES, standing, _nothing))
    messages = thread(_Route(receiver, Stage.MESSAGE, standing, uploads.wake))
    return [messages, uploads]


def _nothing() -> None:
    """No files wait for these messages."""
