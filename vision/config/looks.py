"""Second looks that people ask for at the event service."""

from pydantic import Field

from vision.config.base import Settings


class LookSettings(Settings):
    """How the engine answers "was it put right?".

    The first `http` receiver with `verifications: true` is asked. A place counts as
    clear, or as not, after `min_views` pictures that say the same, `apart_s` apart;
    without them within `give_up_s` it cannot be verified.
    """

    every_s: float = Field(default=5, gt=0, le=600)
    min_views: int = Field(default=3, ge=2, le=100)
    apart_s: float = Field(default=5, ge=0, le=600)
    give_up_s: float = Field(default=120, gt=0, le=86_400)
