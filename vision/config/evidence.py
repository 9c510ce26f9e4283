"""How long clips are, and how long evidence is kept."""

from pydantic import Field

from vision.config.base import Settings


class ClipSettings(Settings):
    """A clip around each decision, from the camera's own packets where it has any.

    `shared`: also a redacted copy, for everyone; the clip itself is an original.
    """

    before_s: float = Field(default=10, ge=0, le=60)
    after_s: float = Field(default=5, ge=0, le=60)
    shared: bool = True


class KeepSettings(Settings):
    """When files go; held packages and undelivered events never go by themselves."""

    clips_days: float = Field(default=30, gt=0)
    originals_days: float = Field(default=180, gt=0)
    packages_days: float = Field(default=730, gt=0)
    quota_gib: float = Field(default=100, gt=0)


class EvidenceSettings(Settings):
    """What is kept as proof."""

    clip: ClipSettings = ClipSettings()
    keep: KeepSettings = KeepSettings()
