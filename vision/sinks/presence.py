"""Tells the event service that an engine runs, and which cameras it watches."""

import logging
import secrets
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import quote

from vision.core.errors import ConfigError, SinkError
from vision.core.ports import Clock
from vision.core.scene import Scene
from vision.core.wire import Json, location_record
from vision.sinks.client import ServiceClient
from vision.sinks.receiver import RetryLaterError

log = logging.getLogger(__name__)

_PATH = "/api/v1/engines"
_EVERY_S = 30.0  # the service waits for four before it speaks of silence
_ASLEEP_S = 60.0  # a turn that comes so much late: nobody watched meanwhile
_NO_SERVICE = {HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED}
_RARELY = 20  # turns between two tries at a receiver that does not keep engines


@dataclass(frozen=True, slots=True)
class Account:
    """What an engine says of itself.

    Attributes:
        engine_id: its name, the same after a restart.
        site: its site's name.
        version: of the program.
        cameras: all that it watches.
    """

    engine_id: str
    site: str
    version: str
    cameras: tuple[Scene, ...]


class Presence:
    """One thread that gives signs of life while the engine is at work.

    Nothing waits for it and nothing is kept: a sign that does not arrive is followed by
    the next one. Times go out as seconds ago, so a wrong clock here does no harm.
    """

    def __init__(
        self,
        client: ServiceClient,
        account: Account,
        *,
        at_work: Callable[[], bool],
        rename: Callable[[], str],
        clock: Clock,
        every_s: float = _EVERY_S,
    ) -> None:
        """Name the service; `start` begins.

        Args:
            client: of the service.
            account: what is told when a run begins.
            at_work: whether the engine takes its turns; while not, nothing is said.
            rename: return a new name, because another engine has the one it had.
            clock: wall and monotonic time.
            every_s: between two signs of life, seconds.
        """
        self._client = client
        self._account = account
        self._at_work = at_work
        self._rename = rename
        self._clock = clock
        self._every_s = every_s
        self._path = _path_of(account.engine_id)
        self._stop = threading.Event()
        self._known = False
        self._failing: type[Exception] | None = None
        self._thread = threading.Thread(target=self._run, name="presence", daemon=True)
        self._begin()

    def start(self) -> None:
        """Begin to tell."""
        self._thread.start()

    def close(self, timeout_s: float) -> None:
        """Say that the engine stops, if that can be said in `timeout_s`; stop."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(timeout_s)
        self._client.close()

    def _begin(self) -> None:
        self._run_id = secrets.token_hex(8)
        self._began_s = self._clock.monotonic_s()
        self._known = False

    def _run(self) -> None:
        turns = 0
        while not self._stop.is_set():
            if not self._at_work():
                self._begin()  # what it says next is of another stretch of work
            elif turns == 0:
                turns = self._once(self._speak)
            else:
                turns -= 1
            self._rest()
        if self._known:
            self._once(self._take_leave)

    def _rest(self) -> None:
        """Wait for the next turn; if this machine slept, another run begins with it."""
        before, before_s = self._clock.now(), self._clock.monotonic_s()
        self._stop.wait(self._every_s)
        asleep_s = max(
            (self._clock.now() - before).total_seconds(),
            self._clock.monotonic_s() - before_s,  # stands still in some kinds of sleep
        )
        if asleep_s > self._every_s + _ASLEEP_S:
            self._begin()

    def _once(self, say: Callable[[], int]) -> int:
        """Say something; return for how many turns to rest."""
        try:
            rest = say()
        except (SinkError, ConfigError) as error:
            # Once is enough: the outbox tells of a service that is away, too.
            passing = isinstance(error, RetryLaterError)
            if self._failing is not type(error):
                level = logging.INFO if passing else logging.WARNING
                log.log(level, "no sign of life could be given: %s", error)
            self._failing = type(error)
            return 0
        except Exception:  # thread edge: the next sign must go out
            log.exception("giving a sign of life stumbled")
            return 0
        self._failing = None
        return rest

    def _speak(self) -> int:
        if self._known:
            told = self._client.post(f"{self._path}/alive", {"run": self._run_id})
            if told.is_success:
                return 0
            if told.status_code != HTTPStatus.NOT_FOUND:
                self._client.refuse(told, "sign of life")
        self._known = False
        told = self._client.put(self._path, self._all())
        if told.status_code in _NO_SERVICE:
            log.info("%s keeps no engines: older, or not ours", self._client.name)
            return _RARELY
        if told.status_code == HTTPStatus.CONFLICT:
            self._another_name()
            told = self._client.put(self._path, self._all())
        if not told.is_success:
            self._client.refuse(told, "what is watched")
        self._known = True
        return 0

    def _another_name(self) -> None:
        name = self._rename()
        log.warning(
            "%s: another engine runs under our name (is one home a copy of the "
            "other?); from now on we are %s",
            self._client.name,
            name,
        )
        self._path = _path_of(name)

    def _take_leave(self) -> int:
        told = self._client.post(f"{self._path}/end", {"run": self._run_id})
        if not told.is_success and told.status_code != HTTPStatus.NOT_FOUND:
            self._client.refuse(told, "leave")
        return 0

    def _all(self) -> Json:
        account = self._account
        return {
            "site": account.site,
            "version": account.version,
            "run": self._run_id,
            "up_s": round(self._clock.monotonic_s() - self._began_s, 3),
            "cameras": _cameras(account.cameras),
        }


def _path_of(engine_id: str) -> str:
    return f"{_PATH}/{quote(engine_id, safe='')}"


def _cameras(scenes: Iterable[Scene]) -> Json:
    return [
        {
            "id": scene.camera_id,
            "name": scene.name,
            "gb_id": scene.gb_id,
            "location": location_record(scene.geo),
            **({"moving": True} if scene.moving else {}),
        }
        for scene in scenes
    ]
