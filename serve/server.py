"""The web server, stopping in the right order."""

import socket

import uvicorn
from fastapi import FastAPI
from typing_extensions import override

from serve.services import Services

GRACE_S = 10


class Server(uvicorn.Server):
    """Ends the live streams first: they would keep the server waiting for ever."""

    def __init__(self, app: FastAPI) -> None:
        """Serve `app`, made by `create_app`, with logs as they are set up."""
        services = app.state.services
        if not isinstance(services, Services):
            msg = "the application was not made by create_app"
            raise TypeError(msg)
        proxies = services.settings.trusted_proxies
        super().__init__(
            uvicorn.Config(
                app,
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=bool(proxies),
                forwarded_allow_ips=proxies or None,
                timeout_graceful_shutdown=GRACE_S,
            )
        )
        self._services = services

    @override
    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._services.broadcast.stop()
        await super().shutdown(sockets)
