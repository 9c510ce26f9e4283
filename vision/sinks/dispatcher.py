"""Sends what waits in the outbox, one thread per receiver."""

import logging
import random
import threading
from collections.abc import Sequence
from typing import Protocol

from vision.core.errors import SinkError, SinkUnavailableError
from vision.core.ports import Clock
from vision.core.redaction import without_secrets
from vision.sinks.lanes import ALARM_AFTER, Lanes, RetryPolicy
from vision.sinks.receiver import Parcel, Receiver
from vision.sinks.store import MessageStore

log = logging.getLogger(__name__)


class StateListener(Protocol):
    """Told when a receiver starts or stops failing; called from its thread."""

    def __call__(self, receiver: str, *, ok: bool, detail: str) -> None:
        """Take the news."""
        ...


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


class ReceiverThread:
    """Delivers to one receiver, in order within each lane."""

    def __init__(
        self,
        receiver: Receiver,
        store: MessageStore,
        *,
        clock: Clock,
        policy: RetryPolicy,
        on_state: StateListener,
    ) -> None:
        """Name the parts; `start` begins."""
        self._receiver = receiver
        self._store = store
        self._clock = clock
        self._on_state = on_state
        # Jitter needs no secrecy.
        self._lanes = Lanes(policy, random.Random())  # noqa: S311 jitter, not a secret
        self._failing = False
        self._stopping = False
        self._idle = False
        self._wake = threading.Condition()
        self._woken = True
        self._thread = threading.Thread(
            target=self._run, name=f"deliver-{receiver.name}", daemon=True
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

    def stop(self, timeout_s: float) -> None:
        """Stop after the attempt in hand, or leave it behind at the time-out."""
        with self._wake:
            self._stopping = True
            self._woken = True
            self._wake.notify_all()
        self._thread.join(timeout_s)
        self._receiver.close()

    def _run(self) -> None:
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
        parcel = self._store.next_due(self._receiver.name, blocked)
        if parcel is None:
            with self._wake:
                self._idle = not blocked and not self._woken
                self._wake.notify_all()
            return False
        self._deliver(parcel)
        return True

    def _deliver(self, parcel: Parcel) -> None:
        name = self._receiver.name
        try:
            progress = _StoredProgress(self._store, name, parcel.seq)
            self._receiver.deliver(parcel, progress)
        except SinkUnavailableError as error:
            wait_s = self._lanes.failed(parcel.lane, error, self._clock.monotonic_s())
            detail = without_secrets(str(error))
            self._store.fail(name, parcel.seq, error=detail, retry_in_s=wait_s)
            log.warning(
                "%s cannot take %s (%s); next attempt in %.1f s",
                *(name, parcel.message_id, detail, wait_s),
            )
            self._say(ok=False, detail=detail)
        except SinkError as error:
            detail = without_secrets(str(error))
            self._store.fail(name, parcel.seq, error=detail, retry_in_s=None)
            self._lanes.succeeded(parcel.lane)
            self._failing = True
            self._on_state(name, ok=False, detail=f"{parcel.message_id} refused")
            log.warning("%s refused %s: %s", name, parcel.message_id, detail)
        else:
            self._store.finish(name, parcel.seq)
            self._lanes.succeeded(parcel.lane)
            self._say(ok=True, detail="delivering again")

    def _say(self, *, ok: bool, detail: str) -> None:
        if ok is not self._failing:
            return
        if not ok and self._lanes.failures_in_row < ALARM_AFTER:
            return
        self._failing = not ok
        self._on_state(self._receiver.name, ok=ok, detail=detail)


class Dispatcher:
    """All receivers' threads."""

    def __init__(
        self,
        receivers: Sequence[Receiver],
        store: MessageStore,
        *,
        clock: Clock,
        policy: RetryPolicy,
        on_state: StateListener,
    ) -> None:
        """Make one thread per receiver; `start` begins."""
        self._clock = clock
        self._threads = [
            ReceiverThread(
                receiver, store, clock=clock, policy=policy, on_state=on_state
            )
            for receiver in receivers
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
            thread.stop(max(0.05, deadline_s - self._clock.monotonic_s()))
