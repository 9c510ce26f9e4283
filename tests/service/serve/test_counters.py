"""What is counted stays little, whatever callers send."""

import asyncio

import httpx
from starlette.applications import Starlette

from serve.metrics import Metrics
from serve.middleware import Observe


def test_methods_that_callers_make_up_are_counted_together() -> None:
    metrics = Metrics()
    app = Observe(Starlette(), metrics)

    async def ask() -> None:
        way = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=way, base_url="http://here") as client:
            for number in range(50):
                await client.request(f"MADE{number}", "/")
            await client.get("/")

    asyncio.run(ask())

    counted = [
        line
        for line in metrics.text().decode().splitlines()
        if line.startswith("streetwarden_serve_requests_total")
    ]
    assert len(counted) == 2
    assert any(
        'method="(other)"' in line and line.endswith(" 50.0") for line in counted
    )
