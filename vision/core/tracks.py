"""A moving object followed from picture to picture."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Track:
    """Where one object is now and how it moves.

    Attributes:
        track_id: unique within the camera's feed; never reused.
        label: its class, by majority over its life.
        xyxy: latest box, pixels.
        velocity_px_s: (vx, vy) of the ground contact, pixels per second.
        first_seen_s: media time of its first box, seconds.
        last_seen_s: media time of its latest box, seconds.
    """

    track_id: int
    label: str
    xyxy: tuple[float, float, float, float]
    velocity_px_s: tuple[float, float]
    first_seen_s: float
    last_seen_s: float
