"""How a camera is fixed to a vehicle: what makes it a camera that moves."""

from pydantic import Field

from vision.config.base import Settings


class MountSettings(Settings):
    """A camera on a vehicle, measured while it stands level.

    `height_m` of the lens above the road. `yaw_deg`: which way it looks, clockwise from
    straight ahead: 90 is to the right, -90 to the left. `pitch_deg`: how far below
    level. `roll_deg`: by how much its right side hangs lower. `fov_deg`: the horizontal
    field of view, from the data sheet. `forward_m` and `right_m`: where the lens is,
    from the positioning antenna. `streetwarden snapshot` draws what follows of it.
    """

    height_m: float = Field(ge=0.5, le=6)
    yaw_deg: float = Field(ge=-180, le=360)
    pitch_deg: float = Field(ge=-10, le=90)
    fov_deg: float = Field(ge=20, le=150)
    roll_deg: float = Field(default=0, ge=-45, le=45)
    forward_m: float = Field(default=0, ge=-20, le=20)
    right_m: float = Field(default=0, ge=-5, le=5)
