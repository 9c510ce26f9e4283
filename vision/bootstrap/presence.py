"""Whom a run tells that it is there."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from importlib.metadata import version

from vision.bootstrap.scene import geo_of
from vision.bootstrap.sinks import service_client
from vision.config.home import Home
from vision.config.sinks import HttpSink
from vision.config.site import SiteSettings
from vision.core.ports import Clock
from vision.core.scene import Scene
from vision.sinks.presence import Account, Presence

_LEAVE_S = 5.0


@contextmanager
def present(
    settings: SiteSettings, home: Home, clock: Clock, *, at_work: Callable[[], bool]
) -> Iterator[None]:
    """Give every event service signs of life until the block ends.

    Args:
        settings: of the site.
        home: names the engine.
        clock: wall and monotonic time.
        at_work: whether the engine takes its turns.

    Raises:
        ConfigError: a service's key is not to be had, or the home cannot be written.
    """
    account = Account(
        _name(settings, home.identity()),
        settings.site,
        version("streetwarden"),
        tuple(_told(settings)),
    )
    with ExitStack() as stack:
        for sink in settings.sinks:
            if isinstance(sink, HttpSink):
                client = service_client(sink, clock)
                one = Presence(
                    client,
                    account,
                    at_work=at_work,
                    rename=lambda: _name(settings, home.renamed()),
                    clock=clock,
                )
                one.start()
                stack.callback(one.close, _LEAVE_S)
        yield


def _name(settings: SiteSettings, identity: str) -> str:
    return f"{settings.site}-{identity}"


def _told(settings: SiteSettings) -> Iterator[Scene]:
    """Yield what a service is told of each camera: who it is and where it stands."""
    for camera in settings.cameras:
        yield Scene(
            camera.id,
            camera.name or camera.id,
            geo=geo_of(camera),
            gb_id=camera.gb_id,
            moving=camera.moving,
        )
