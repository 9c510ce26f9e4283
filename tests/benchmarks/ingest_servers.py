"""The two servers that ingest is compared on, each a process of its own.

python -m tests.benchmarks.ingest_servers service|bare DATABASE_URL HOME PORT

The bare one stores the same body through the same engine, pool and durability. It has
two endpoints: `/bare` says by a model what it takes, as FastAPI's own tutorial does;
`/raw` does not even look at the body.
"""

import itertools
import sys
from datetime import UTC, datetime
from pathlib import Path

import uvicorn
from fastapi import FastAPI, Request
from sqlalchemy import insert
from starlette.concurrency import run_in_threadpool

from serve.app import create_app
from serve.messages import ViolationMessage
from serve.settings import Settings
from serve.store.database import Database
from serve.store.tables import MessageRow

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


def bare_app(url: str) -> FastAPI:
    """Return an app with one endpoint that does one insert."""
    database = Database(url)
    app = FastAPI()
    numbers = itertools.count()

    def store(body: str) -> None:
        with database.write() as session:
            session.execute(
                insert(MessageRow).values(
                    message_id=f"bare-{next(numbers)}",
                    content_sha256="0" * 64,
                    type="bench",
                    event_id="e",
                    sequence=1,
                    time=NOON,
                    received_at=NOON,
                    body=body,
                )
            )

    @app.post("/raw", status_code=201)
    async def take_raw(request: Request) -> dict[str, str]:
        await run_in_threadpool(store, (await request.body()).decode())
        return {"result": "new"}

    @app.post("/bare", status_code=201)
    def take(message: ViolationMessage) -> dict[str, str]:
        store(message.model_dump_json())
        return {"result": "new"}

    return app


def main() -> None:
    """Serve until stopped."""
    kind, url, home, port = sys.argv[1:]
    if kind == "bare":
        app = bare_app(url)
    else:
        app = create_app(Settings(home=Path(home), database_url=url))
    uvicorn.run(app, port=int(port), log_config=None, access_log=False)


if __name__ == "__main__":
    main()
