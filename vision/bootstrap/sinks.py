"""Who gets a site's events."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import assert_never

from vision.config.home import Home
from vision.config.looks import LookSettings
from vision.config.sinks import HttpSink, JsonlSink, SinkSettings
from vision.core.errors import ConfigError
from vision.core.ports import Clock, HealthListener
from vision.sinks.client import ServiceClient
from vision.sinks.http import HttpReceiver
from vision.sinks.jsonl import JsonlReceiver
from vision.sinks.look_desk import HttpLookDesk, PollPolicy
from vision.sinks.outbox import Outbox
from vision.sinks.receiver import Receiver


def build_outbox(
    sinks: Sequence[SinkSettings],
    home: Home,
    *,
    clock: Clock,
    on_health: HealthListener | None = None,
) -> Outbox:
    """Open the outbox under `home` and begin delivering to every receiver.

    Raises:
        ConfigError: a receiver's key is not to be had.
        SinkError: the outbox cannot be opened.
    """
    receivers = [build_receiver(sink, clock) for sink in sinks]
    return Outbox(home.outbox, receivers, clock=clock, on_health=on_health)


def build_receiver(settings: SinkSettings, clock: Clock) -> Receiver:
    """Return one receiver; nothing is sent yet."""
    match settings:
        case HttpSink():
            return HttpReceiver(service_client(settings, clock))
        case JsonlSink():
            path = None if settings.path == "-" else Path(settings.path)
            return JsonlReceiver(path)
        case _:
            assert_never(settings)


def build_look_desk(
    sinks: Sequence[SinkSettings],
    cameras: Sequence[str],
    settings: LookSettings,
    clock: Clock,
) -> HttpLookDesk | None:
    """Return where second looks are asked for, or None where nobody can ask.

    Raises:
        ConfigError: the service's key is not to be had.
    """
    for sink in sinks:
        if isinstance(sink, HttpSink) and sink.verifications:
            policy = PollPolicy(settings.every_s)
            desk = HttpLookDesk(
                service_client(sink, clock), cameras, clock=clock, policy=policy
            )
            desk.start()
            return desk
    return None


def service_client(sink: HttpSink, clock: Clock) -> ServiceClient:
    """Return a connection to an event service; nothing is sent yet.

    Raises:
        ConfigError: its key is not to be had.
    """
    return ServiceClient(
        sink.url, api_key=api_key(sink), timeout_s=sink.timeout_s, clock=clock
    )


def api_key(settings: HttpSink) -> str | None:
    """Return the receiver's key, or None when the settings ask for none.

    Raises:
        ConfigError: the named variable is not set, the file cannot be read, or what
            it holds cannot be a key.
    """
    if settings.api_key_file is not None:
        try:
            held = settings.api_key_file.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            msg = (
                f"api_key_file: {settings.api_key_file} cannot be read "
                f"({_why(error)}); expected a file that holds the key alone"
            )
            raise ConfigError(msg) from error
        return _sendable(held, f"api_key_file {settings.api_key_file}")
    if settings.api_key_env is None:
        return None
    key = os.environ.get(settings.api_key_env)
    if not key:
        msg = (
            f"sinks: the environment variable {settings.api_key_env} is not set; "
            f"set it to the API key of {settings.url}, or write api_key_env: null"
        )
        raise ConfigError(msg)
    return _sendable(key, settings.api_key_env)


def _sendable(key: str, where: str) -> str:
    """Return a key that an HTTP header can carry.

    Raises:
        ConfigError: it is empty, or holds spaces or other than ASCII characters.
    """
    if not key or not key.isascii() or not key.isprintable() or " " in key:
        msg = (
            f"{where}: got {'no key' if not key else 'what cannot be a key'}; expected "
            "the key as it was printed, without quotes, spaces or line breaks"
        )
        raise ConfigError(msg)
    return key


def _why(error: OSError | UnicodeDecodeError) -> str:
    return (error.strerror or "") if isinstance(error, OSError) else "not UTF-8"
