"""Where a running engine can be asked how it is doing."""

from collections.abc import Iterator
from contextlib import contextmanager

from vision.config.site import MetricsSettings
from vision.core.errors import ConfigError
from vision.pipeline.engine import Engine
from vision.pipeline.status import StatusServer, Told


def told_by(engine: Engine) -> Told:
    """Return what an engine tells of itself."""
    return Told(
        registry=engine.registry,
        idle_s=lambda: engine.idle_s,
        why={camera.camera_id: camera.explained for camera in engine.cameras},
        stretch=lambda: engine.load.stretch if engine.load.overloaded else None,
    )


@contextmanager
def answering(told: Told, settings: MetricsSettings) -> Iterator[None]:
    """Answer metrics, health and reasons over HTTP while a run goes on.

    Args:
        told: what may be asked.
        settings: where to listen; port 0: nowhere.

    Raises:
        ConfigError: the address cannot be listened on.
    """
    if settings.port == 0:
        yield
        return
    try:
        server = StatusServer(settings.host, settings.port, told)
    except OSError as error:
        msg = (
            f"metrics: cannot listen on {settings.host}:{settings.port} "
            f"({error.strerror}); choose another port, or 0 for none"
        )
        raise ConfigError(msg) from error
    with server:
        yield
