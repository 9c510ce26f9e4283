"""Fetches requests for a second look from the event service, and answers them."""

import logging
import random
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

import httpx

from vision.core.backoff import Backoff
from vision.core.errors import SinkError, SinkUnavailableError
from vision.core.evidence import AFTER, AFTER_REDACTED, Evidence
from vision.core.ports import Clock
from vision.core.verification import LookAnswer, LookRequest
from vision.core.violations import Slug
from vision.core.wire import fact_record
from vision.sinks.client import ServiceClient, has_it, trouble_with
from vision.sinks.receiver import FileRef, RetryLaterError

log = logging.getLogger(__name__)

VERIFICATIONS = "/api/v1/verifications"
_PER_REQUEST = 50  # cameras named in one address
_MOST = 200  # requests in memory; the service gives out more when these are answered
_PATIENCE = 5  # attempts at an answer that the service refuses
_OVER = {404, 409}  # nobody asked that, or it has another answer: too late


@dataclass(frozen=True, slots=True)
class PollPolicy:
    """How often the service is asked.

    Attributes:
        every_s: between two questions, seconds.
        backoff: waits while the service does not answer.
    """

    every_s: float = 5.0
    backoff: Backoff = field(default_factory=Backoff)


@dataclass(frozen=True, slots=True)
class _Asked:
    camera_id: str
    request: LookRequest


@dataclass(slots=True)
class _Outgoing:
    answer: LookAnswer
    after: Evidence
    attempts: int = 0


class HttpLookDesk:
    """`LookDesk` over the service's `/api/v1/verifications`.

    The service keeps the requests: an engine that restarts fetches them again and
    looks again, so nothing here needs a disk. An answer is repeated until the service
    has it; the same answer twice changes nothing there.
    """

    def __init__(
        self,
        client: ServiceClient,
        cameras: Sequence[str],
        *,
        clock: Clock,
        policy: PollPolicy | None = None,
    ) -> None:
        """Name the service and the cameras to ask for; `start` begins."""
        self._client = client
        self._cameras = tuple(cameras)
        self._clock = clock
        self._policy = PollPolicy() if policy is None else policy
        # Jitter needs no secrecy.
        self._rng = random.Random()  # noqa: S311 jitter, not a secret
        self._waiting: dict[str, _Asked] = {}
        self._outgoing: dict[str, _Outgoing] = {}
        self._wake = threading.Condition()
        self._stopping = False
        self._failures = 0
        self._thread = threading.Thread(
            target=self._run, name="second-looks", daemon=True
        )

    def start(self) -> None:
        """Begin asking."""
        self._thread.start()

    def waiting(self, camera_id: str) -> Sequence[LookRequest]:
        """Return what has been asked of a camera and has no answer yet."""
        if not self._waiting:
            return ()
        with self._wake:
            return [
                asked.request
                for asked in self._waiting.values()
                if asked.camera_id == camera_id
            ]

    def answer(self, answer: LookAnswer, after: Evidence) -> None:
        """Take an answer with its pictures; it is handed on in the background."""
        with self._wake:
            self._waiting.pop(answer.request.request_id, None)
            self._outgoing[answer.request.request_id] = _Outgoing(answer, after)
            self._wake.notify_all()

    def close(self, timeout_s: float) -> None:
        """Hand on the answers that can be handed on in `timeout_s`, then stop."""
        with self._wake:
            self._stopping = True
            self._wake.notify_all()
        if self._thread.is_alive():
            self._thread.join(timeout_s)
        self._client.close()

    def _run(self) -> None:
        while True:
            pause_s = self._once()
            with self._wake:
                eager = bool(self._outgoing) and self._failures == 0
                if not (eager or self._stopping):
                    self._wake.wait(pause_s)
                if self._stopping and (self._failures or not self._outgoing):
                    return

    def _once(self) -> float:
        """Answer and ask; return how long to rest, seconds."""
        try:
            self._ask()
        except SinkError as error:
            self._stumble(error)
        except Exception:  # thread edge: asking must go on
            self._failures += 1
            log.exception("asking for second looks stumbled")
        else:
            if self._failures:
                log.info("second looks: %s answers again", self._client.name)
            self._failures = 0
            return self._policy.every_s
        wait_s = self._policy.backoff.delay_s(self._failures, self._rng)
        return max(self._policy.every_s, wait_s)

    def _ask(self) -> None:
        """Hand on answers and fetch questions.

        Raises:
            SinkError: the service is not to be had, or does not take an answer.
        """
        trouble = self._hand_on()
        self._fetch()
        if trouble is not None:
            raise trouble

    def _stumble(self, error: SinkError) -> None:
        self._failures += 1
        # Once is enough: the event outbox tells of a service that is away, too.
        if self._failures == 1:
            log.warning("second looks wait: %s", error)

    def _fetch(self) -> None:
        found: dict[str, _Asked] = {}
        now = self._clock.now()
        for begin in range(0, len(self._cameras), _PER_REQUEST):
            cameras = self._cameras[begin : begin + _PER_REQUEST]
            query = httpx.QueryParams({"camera": cameras, "limit": _MOST})
            response = self._client.get(f"{VERIFICATIONS}?{query}")
            for asked in _read(response, now):
                found[asked.request.request_id] = asked
        with self._wake:
            kept = list(found.items())[:_MOST]
            self._waiting = {
                number: self._waiting.get(number, asked)
                for number, asked in kept
                if number not in self._outgoing and asked.camera_id in self._cameras
            }

    def _hand_on(self) -> SinkError | None:
        """Send the answers; return the first trouble with one that holds up no other.

        Raises:
            RetryLaterError: the service takes none now.
        """
        trouble: SinkError | None = None
        for number, outgoing in list(self._outgoing.items()):
            outgoing.attempts += 1
            try:
                self._send(outgoing)
            except SinkError as error:
                if isinstance(error, RetryLaterError) and error.whole_receiver:
                    raise
                later = isinstance(error, SinkUnavailableError)
                if later or outgoing.attempts < _PATIENCE:
                    trouble = trouble or error
                    continue
                # It stays pending at the service, so it is looked at again.
                log.warning("second look %s: answer given up: %s", number, error)
            with self._wake:
                self._outgoing.pop(number, None)
        return trouble

    def _send(self, outgoing: _Outgoing) -> None:
        request, answer = outgoing.answer.request, outgoing.answer
        sent: dict[str, str] = {}
        for artifact in outgoing.after.artifacts:
            file = FileRef.of(artifact)
            trouble = trouble_with(file)
            if trouble is not None:
                log.error("picture of second look %s: %s", request.request_id, trouble)
                continue
            response = self._client.put_file(request.event_id, file)
            if not response.is_success and not has_it(response, file):
                name = f"{request.event_id}/{file.name}"
                self._client.refuse(response, name, file=True)
            sent[file.role] = file.name
        response = self._client.post(
            f"{VERIFICATIONS}/{request.request_id}/answer",
            {
                "verdict": answer.outcome.value,
                "reasons": [fact_record(fact) for fact in answer.facts],
                "after": sent.get(AFTER_REDACTED, sent.get(AFTER)),
            },
        )
        if response.status_code in _OVER:
            log.warning("second look %s is no longer asked", request.request_id)
        elif not response.is_success:
            self._client.refuse(response, f"second look {request.request_id}")


def _read(response: httpx.Response, now: datetime) -> list[_Asked]:
    """Read what the service lists.

    Raises:
        SinkError: it is not what the interface promises.
    """
    try:
        return [_asked(item, now) for item in response.json()["items"]]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        msg = (
            f"{VERIFICATIONS}: got an answer that cannot be read ({error!r}); is it "
            "the event service?"
        )
        raise SinkError(msg) from error


def _asked(item: dict[str, object], now: datetime) -> _Asked:
    request = LookRequest(
        request_id=str(int(str(item["number"]))),
        event_id=str(item["event_id"]),
        slug=Slug(str(item["slug"])),
        place_id=str(item["place_id"]),
        # Patience begins when the engine hears of it: it may have been away.
        asked_at=now,
        xyxy=_box(item.get("xyxy")),
    )
    return _Asked(str(item["camera_id"]), request)


def _box(value: object) -> tuple[float, float, float, float] | None:
    if not isinstance(value, list):
        return None
    x1, y1, x2, y2 = (float(str(side)) for side in value)
    return x1, y1, x2, y2
