"""What of a video could not be decoded."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Damage:
    """Broken pictures of one source since its start.

    Attributes:
        pictures: that could not be decoded, at least.
        unseen_s: media time between the whole pictures around them, seconds.
    """

    pictures: int = 0
    unseen_s: float = 0.0

    def text(self) -> str:
        """Return it in words, or nothing where all was whole."""
        if not self.pictures:
            return ""
        many = "" if self.pictures == 1 else "s"
        return (
            f"at least {self.pictures} damaged picture{many} could not be decoded, "
            f"nothing was seen for {self.unseen_s:.1f} s"
        )
