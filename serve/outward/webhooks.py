"""One attempt to deliver one message by webhook."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import httpx

from serve.outward.attempt import Outcome, Outgoing
from serve.outward.faults import Fault, fault_of
from serve.outward.signing import sign
from serve.outward.subscriptions import SubscriptionStore
from serve.outward.targets import ForbiddenTargetError, Target, resolve
from serve.settings import SettingsError
from serve.trust import authorities
from vision.core.ports import Clock

NAME_S = 10.0  # until the resolver has answered
TIMEOUT_S = 15.0  # of silence
# All of an attempt, however slowly an answer drips: no receiver keeps a sender for
# itself, and no other worker takes the message meanwhile.
WHOLE_S = 30.0
GONE = 410
_DIGITS = 7  # of seconds in Retry-After; more are months


class WebhookSender:
    """Posts signed messages; follows no redirect, since it would lead elsewhere."""

    def __init__(
        self, subscriptions: SubscriptionStore, clock: Clock, *, allow_private: bool
    ) -> None:
        """Sign with the subscriptions' secrets.

        Args:
            subscriptions: has addresses and secrets.
            clock: stamps attempts.
            allow_private: whether addresses that are not public may be called.
        """
        self._subscriptions = subscriptions
        self._clock = clock
        self._allow_private = allow_private
        self._authorities = authorities()

    def send(self, outgoing: Outgoing) -> Outcome:
        """Try once; every failure is an outcome."""
        url = self._subscriptions.get(outgoing.subscription).url
        try:
            outcome = self._try(url, outgoing)
        except SettingsError as error:
            outcome = _failed(Fault.KEY, str(error))
        return replace(outcome, url=url)

    def _try(self, url: str, outgoing: Outgoing) -> Outcome:
        began_s = self._clock.monotonic_s()
        try:
            target = resolve(url, allow_private=self._allow_private, within_s=NAME_S)
        except ForbiddenTargetError as error:
            forbidden = _failed(Fault.ADDRESS, str(error))
            return replace(forbidden, hopeless=True)
        except OSError as error:
            return _failed(Fault.NAME, f"cannot resolve the host: {error}")
        headers = self._headers(outgoing) | {"Host": target.host}
        try:
            left_s = WHOLE_S - (self._clock.monotonic_s() - began_s)
            return asyncio.run(self._post(target, headers, outgoing.body, left_s))
        except TimeoutError:
            return _failed(Fault.SILENCE, f"no answer within {WHOLE_S:g} s")
        except httpx.HTTPError as error:
            fault, why = fault_of(error)
            waited = f" for {TIMEOUT_S:g} s" if fault is Fault.SILENCE else ""
            return _failed(fault, f"{type(error).__name__}: {why}{waited}")

    def close(self) -> None:
        """Nothing stays open after an attempt."""

    async def _post(
        self, target: Target, headers: dict[str, str], body: str, left_s: float
    ) -> Outcome:
        # A connection each: what is kept open is found again by its IP address alone,
        # and a neighbour at that address would get the message.
        client = httpx.AsyncClient(
            timeout=TIMEOUT_S,
            follow_redirects=False,
            # No proxy of the environment, but its certificate authorities.
            trust_env=False,
            verify=self._authorities,
        )
        async with (
            asyncio.timeout(left_s),
            client,
            client.stream(
                "POST",
                target.url,
                content=body.encode(),
                headers=headers,
                extensions={"sni_hostname": target.name},
            ) as answer,
        ):
            return judge(answer, self._clock.now)

    def _headers(self, outgoing: Outgoing) -> dict[str, str]:
        timestamp_s = int(self._clock.now().timestamp())
        signatures = [
            sign(secret, outgoing.message_id, timestamp_s, outgoing.body)
            for secret in self._subscriptions.secrets(outgoing.subscription)
        ]
        return {
            "Content-Type": "application/cloudevents+json; charset=utf-8",
            "User-Agent": "streetwarden",
            "webhook-id": outgoing.message_id,
            "webhook-timestamp": str(timestamp_s),
            "webhook-signature": " ".join(signatures),
        }


def _failed(fault: Fault, error: str) -> Outcome:
    return Outcome(ok=False, fault=fault, error=error)


def judge(answer: httpx.Response, now: Callable[[], datetime]) -> Outcome:
    """Return what a receiver's answer means, whatever stands in it."""
    status = answer.status_code
    if answer.is_success:
        return Outcome(ok=True, status=status)
    return Outcome(
        ok=False,
        status=status,
        error=f"got {status}, expected 2xx",
        fault=Fault.ANSWER,
        gone=status == GONE,
        retry_after=_retry_after(answer.headers.get("Retry-After"), now),
    )


def _retry_after(value: str | None, now: Callable[[], datetime]) -> timedelta | None:
    if value is None:
        return None
    if value.isascii() and value.isdigit():
        return timedelta(seconds=int(value) if len(value) <= _DIGITS else 10**_DIGITS)
    try:
        moment = parsedate_to_datetime(value)
    except (ValueError, OverflowError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(timedelta(), moment - now())
