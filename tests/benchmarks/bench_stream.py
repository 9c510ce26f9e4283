"""How soon five hundred listeners hear what happens.

    python -m tests.benchmarks.bench_stream --listeners 500 --events 40

The service is a process of its own; the listeners are connections of this one. Each
event is timed from the moment it is posted until each listener has read it.
"""

import argparse
import asyncio
import json
import math
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from serve.app import create_app
from serve.people.roles import Scope
from serve.services import Services
from serve.settings import Settings
from tests.benchmarks.million import message
from tests.benchmarks.service_process import Server, own_process
from tests.benchmarks.soak_service import memory_mib

PAUSE_S = 0.25
PATIENCE_S = 60.0


@dataclass
class Ear:
    """What one listener heard: ids of events, and when."""

    ids: list[str] = field(default_factory=list)
    at_s: list[float] = field(default_factory=list)


async def listener(
    address: tuple[str, int], key: str, ready: asyncio.Semaphore, ear: Ear
) -> None:
    """Open one stream and note when each event comes."""
    reader, writer = await asyncio.open_connection(*address)
    writer.write(
        f"GET /api/v1/stream HTTP/1.1\r\nHost: {address[0]}\r\n"
        f"Authorization: Bearer {key}\r\n\r\n".encode()
    )
    await reader.readuntil(b"retry: 2000")
    ready.release()
    try:
        while line := await reader.readline():
            if line.startswith(b"data: "):
                ear.at_s.append(time.perf_counter())
                ear.ids.append(json.loads(line[6:])["id"])
    finally:
        writer.close()


async def measure(
    server: Server, key: str, listeners: int, events: int
) -> dict[str, object]:
    """Return how long events took to reach everybody."""
    parts = urlsplit(server.url)
    address = (str(parts.hostname), int(parts.port or 80))
    ready = asyncio.Semaphore(0)
    sent = [message(number) for number in range(events)]
    ears = [Ear() for _ in range(listeners)]
    before_mib = memory_mib(server.process.pid)
    tasks = [asyncio.create_task(listener(address, key, ready, ear)) for ear in ears]
    for _ in range(listeners):
        await asyncio.wait_for(ready.acquire(), PATIENCE_S)
    cpu_s = server.cpu_s()
    posted = await post(server, key, sent)
    for _ in range(int(PATIENCE_S / PAUSE_S)):
        if all(len(ear.ids) >= events for ear in ears):
            break
        await asyncio.sleep(PAUSE_S)
    cpu_s = server.cpu_s() - cpu_s
    size_mib = memory_mib(server.process.pid)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    waits = [
        at_s - posted[name]
        for ear in ears
        for name, at_s in zip(ear.ids, ear.at_s, strict=True)
    ]
    in_order = [str(one["id"]) for one in sent]
    cuts = statistics.quantiles(waits, n=100) if len(waits) > 1 else [math.nan] * 99
    return {
        "listeners": listeners,
        "events": events,
        "heard_all_in_order": sum(ear.ids == in_order for ear in ears),
        "p50_ms": round(cuts[49] * 1000),
        "p95_ms": round(cuts[94] * 1000),
        "p99_ms": round(cuts[98] * 1000),
        "max_ms": round(max(waits, default=math.nan) * 1000),
        "service_cpu_ms_per_event": round(cpu_s * 1000 / events, 1),
        "service_mib": round(size_mib, 1),
        "kib_per_listener": round((size_mib - before_mib) * 1024 / listeners),
    }


async def post(
    server: Server, key: str, sent: list[dict[str, object]]
) -> dict[str, float]:
    """Report events one after the other; return when each was sent off."""
    posted: dict[str, float] = {}
    headers = {"Authorization": f"Bearer {key}"}
    async with httpx.AsyncClient(
        base_url=server.url, headers=headers, timeout=60
    ) as client:
        for one in sent:
            posted[str(one["id"])] = time.perf_counter()
            (await client.post("/api/v1/events", json=one)).raise_for_status()
            await asyncio.sleep(PAUSE_S)
    return posted


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--listeners", type=int, default=500)
    parser.add_argument("--events", type=int, default=40)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        app = create_app(Settings(home=home))
        services: Services = app.state.services
        services.database.migrate()
        key = services.keys.create("bench", [Scope.INGEST, Scope.READ])
        with own_process("service", services.settings.database, home) as server:
            figures = asyncio.run(measure(server, key, given.listeners, given.events))
        sys.stdout.write(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    main()
