"""Seeds that stay the same when a scenario file is reordered."""

import zlib


def seed_of(name: str, seed: int) -> int:
    """Return a seed that depends on the actor, not on its order in the file.

    Args:
        name: the actor's id.
        seed: the scenario's seed.
    """
    return zlib.crc32(f"{seed}/{name}".encode()) & 0x7FFFFFFF
