"""What is true of the drives, and the site that judges them."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from tests.scenarios.patrol.drive import Drive, utc
from tests.scenarios.patrol.film import Film, look
from tests.scenarios.patrol.street import ZONE, Thing, to_map, zone

CAMERA = "patrol-7-right"


def clip(drive: Drive) -> str:
    """Return the name of a drive's video."""
    return f"drive-{drive.number + 1}.mp4"


def track(drive: Drive) -> str:
    """Return the name of a drive's positions."""
    return f"drive-{drive.number + 1}.csv"


def truth(films: Sequence[Film]) -> dict[str, Any]:
    """Return what is there in some drives, and which events should come of it."""
    things = {
        thing.name: thing for film in films for thing in film.drive.things()
    }.values()
    watched = [film.drive.number for film in films]
    return {
        "camera": CAMERA,
        "synthetic": True,
        "mount": asdict(films[0].mount),
        "drives": [
            {
                "number": film.drive.number,
                "clip": clip(film.drive),
                "track": track(film.drive),
                "starts_at": utc(film.drive.begins),
                "duration_s": round(film.drive.duration_s, 2),
                "width": film.size_px[0],
                "height": film.size_px[1],
                "fps": film.fps,
            }
            for film in films
        ],
        "map_zones": map_zones(),
        "things": [_told(thing) for thing in things],
        "events": [
            event
            for thing in things
            for event in [_event(thing, watched)]
            if event is not None
        ],
    }


def labels(films: Sequence[Film]) -> dict[str, Any]:
    """Return the same as `evaluate drives` reads it, of what should be told."""
    told = truth(films)
    there = {thing["name"]: thing["drives"] for thing in told["things"]}
    watched = [film.drive.number for film in films]
    return {
        "schema": 1,
        "camera": CAMERA,
        "synthetic": True,
        "drives": [
            {"clip": d["clip"], "positions": d["track"], "starts_at": d["starts_at"]}
            for d in told["drives"]
        ],
        "things": [
            {
                **{key: event[key] for key in ("slug", "lat", "lon")},
                "from": watched.index(seen[0]) + 1,
                "until": watched.index(seen[-1]) + 1,
                "note": event["thing"],
            }
            for event in told["events"]
            for seen in [[n for n in watched if n in there[event["thing"]]]]
        ],
    }


def map_zones() -> list[dict[str, Any]]:
    """Return the site's areas on the map."""
    return [
        {
            "id": ZONE,
            "kind": "no_parking",
            "polygon": zone(),
            "street_class": "forbidden",
        }
    ]


def site(film: Film, model: str, imgsz: int | None = None) -> dict[str, Any]:
    """Return the site file for one drive; its paths are those of one folder."""
    mount = asdict(film.mount)
    return {
        "site": "patrol",
        "timezone": "Asia/Shanghai",
        "model": {
            "type": "onnx",
            "path": model,
            "threads": 1,
            **({} if imgsz is None else {"imgsz": imgsz}),
        },
        "map_zones": map_zones(),
        "cameras": [
            {
                "id": CAMERA,
                "source": {
                    "type": "packets",
                    "url": clip(film.drive),
                    "starts_at": utc(film.drive.begins),
                },
                "period_s": 0.2,
                "mount": mount,
                "position": {"type": "csv", "path": track(film.drive)},
            }
        ],
        "rules": [
            {"type": slug}
            for slug in ("illegal_parking", "garbage_pile", "overflowing_bin")
        ],
        "sinks": [{"type": "jsonl"}],
    }


def _told(thing: Thing) -> dict[str, Any]:
    tall, wide = look(thing.look)[0].shape[:2]
    return {
        "name": thing.name,
        "kind": thing.kind,
        "drives": list(thing.drives),
        "moves": thing.moves,
        **_where(thing),
        "width_m": round(thing.height_m * wide / tall, 2),
        "height_m": thing.height_m,
    }


def _where(thing: Thing) -> dict[str, float | None]:
    if thing.moves:
        return {"lat": None, "lon": None}
    lat, lon = to_map(thing.along_m(0.0), thing.across_m)
    return {"lat": round(lat, 7), "lon": round(lon, 7)}


def _event(thing: Thing, watched: Sequence[int]) -> dict[str, Any] | None:
    """Return what should be told of a thing.

    Parking takes two passes; that refuse is gone, too, and that a car is, one.
    """
    there = [number for number in watched if number in thing.drives]
    passes, clear = (2, 1) if thing.event == "illegal_parking" else (1, 2)
    if thing.event is None or len(there) < passes:
        return None
    after = [number for number in watched if number > there[-1]]
    return {
        "slug": thing.event,
        "thing": thing.name,
        **_where(thing),
        "opens_in": there[passes - 1],
        "cleared_in": after[clear - 1] if len(after) >= clear else None,
    }
