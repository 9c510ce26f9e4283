"""HEAD wherever there is GET: the same headers, nothing behind them (RFC 9110, 9.3.2).

Health checks, download managers and `curl -I` ask so.
"""

import anyio
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serve.middleware import UPLOADS


class AnswerHead:
    """Serves HEAD as GET and stops once the headers are sent."""

    def __init__(self, app: ASGIApp) -> None:
        """Wrap `app`, which knows GET alone."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        is_head = scope["type"] == "http" and scope["method"] == "HEAD"
        # Uploads in pieces have a HEAD of their own.
        if is_head and not scope["path"].startswith(UPLOADS):
            await self._serve_head(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _serve_head(self, scope: Scope, receive: Receive, send: Send) -> None:
        with anyio.CancelScope() as serving:

            async def send_headers(message: Message) -> None:
                if message["type"] == "http.response.start":
                    scope["method"] = "HEAD"
                    await send(message)
                    await send({"type": "http.response.body", "body": b""})
                    serving.cancel()
                await anyio.lowlevel.checkpoint()

            scope["method"] = "GET"
            try:
                await self._app(scope, receive, send_headers)
            finally:
                scope["method"] = "HEAD"
