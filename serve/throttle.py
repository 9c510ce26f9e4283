"""How often one caller may come: a bucket each, refilled steadily.

Counted in each process for itself: with several workers a caller gets several times as
much, which is still a bound.
"""

import math
import threading
from collections import OrderedDict
from dataclasses import dataclass

from starlette.datastructures import Headers, State
from starlette.requests import cookie_parser
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serve.errors import TooMany, problem_response
from vision.core.ports import Clock

SESSION_COOKIE = "streetwarden_session"
MOST_CALLERS = 10_000
MOST_KNOWN = 4096
_RECOGNISED = "recognised"
# Wrong keys and passwords from one address: a burst, then one a second.
WRONG_BURST, WRONG_PER_S = 30.0, 1.0
# Where a password is tried: whoever asks, a wrong one counts as a guess.
_SIGN_IN = ("/login", "/setup")


@dataclass(slots=True)
class _Bucket:
    left: float
    at_s: float


class Buckets:
    """One bucket for each caller; the one that was silent for longest is forgotten."""

    def __init__(self, per_s: float, burst: float, clock: Clock) -> None:
        """Let each take `per_s` a second in the long run, and `burst` at once."""
        self._per_s = per_s
        self._burst = burst
        self._clock = clock
        self._lock = threading.Lock()
        self._buckets: OrderedDict[str | int, _Bucket] = OrderedDict()

    def take(self, caller: str | int) -> float:
        """Take one; return 0, or how long to wait until there is one, seconds."""
        with self._lock:
            bucket = self._refilled(caller)
            if bucket.left >= 1.0:
                bucket.left -= 1.0
                return 0.0
            return (1.0 - bucket.left) / self._per_s

    def wait_s(self, caller: str | int) -> float:
        """Return how long to wait until there is one, seconds; takes none."""
        with self._lock:
            if caller not in self._buckets:
                return 0.0
            return max(0.0, 1.0 - self._refilled(caller).left) / self._per_s

    def _refilled(self, caller: str | int) -> _Bucket:
        now_s = self._clock.monotonic_s()
        bucket = self._buckets.get(caller)
        if bucket is None:
            if len(self._buckets) >= MOST_CALLERS:
                self._buckets.popitem(last=False)
            bucket = self._buckets[caller] = _Bucket(self._burst, now_s)
            return bucket
        self._buckets.move_to_end(caller)
        gained = max(0.0, now_s - bucket.at_s) * self._per_s
        bucket.left = min(self._burst, bucket.left + gained)
        bucket.at_s = now_s
        return bucket


class LimitRate:
    """Turns away callers who come too often, and addresses that guess.

    Somebody whose key or session was good a moment ago is let in even when others at
    the same address guess.
    """

    def __init__(self, app: ASGIApp, *, per_s: float, clock: Clock) -> None:
        """Wrap `app`.

        Args:
            app: what comes next.
            per_s: requests of one caller in the long run; twice as many at once.
            clock: monotonic time.
        """
        self._app = app
        self._callers = Buckets(per_s, 2 * per_s, clock)
        self._wrong = Buckets(WRONG_PER_S, WRONG_BURST, clock)
        self._known: OrderedDict[int, None] = OrderedDict()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        client = scope.get("client")
        address = client[0] if client else ""
        credential = _credential(Headers(scope=scope))
        wait_s = self._callers.take(address if credential is None else credential)
        if credential not in self._known or _signs_in(scope):
            wait_s = max(wait_s, self._wrong.wait_s(address))
        if wait_s > 0:
            await _refusal(wait_s)(scope, receive, send)
            return
        scope.setdefault("state", {})  # where `recognise` leaves its note

        async def send_and_learn(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._learn(scope, message["status"], credential, address)
            await send(message)

        await self._app(scope, receive, send_and_learn)

    def _learn(
        self, scope: Scope, status: int, credential: int | None, address: str
    ) -> None:
        recognised = scope["state"].get(_RECOGNISED, False)
        tried = credential is not None or scope["method"] == "POST"
        # 403 of a stranger is a wrong password; of somebody known, a missing right,
        # but where passwords are asked for.
        stranger = credential is None or _signs_in(scope)
        if tried and (status == 401 or (status == 403 and stranger)):  # noqa: PLR2004 HTTP
            if status == 401:  # noqa: PLR2004 HTTP
                self._known.pop(credential or 0, None)
            self._wrong.take(address)
        elif recognised and credential is not None and credential not in self._known:
            while len(self._known) >= MOST_KNOWN:
                self._known.popitem(last=False)
            self._known[credential] = None


def recognise(state: State) -> None:
    """Note on a request that its key or session is a good one."""
    setattr(state, _RECOGNISED, True)


def _signs_in(scope: Scope) -> bool:
    path: str = scope["path"]
    return scope["method"] == "POST" and path.endswith(_SIGN_IN)


def _credential(headers: Headers) -> int | None:
    """Return what tells callers apart: a number made of key or cookie, not the key."""
    given = headers.get("authorization")
    if given is None:
        given = cookie_parser(headers.get("cookie", "")).get(SESSION_COOKIE)
    return None if given is None else hash(given)


def _refusal(wait_s: float) -> ASGIApp:
    seconds = max(1, math.ceil(wait_s))
    msg = f"too many requests or wrong keys; expected a pause of {seconds} s"
    return problem_response(TooMany(msg, headers={"Retry-After": str(seconds)}))
