"""A path before the service's root, for proxies that have no host name to spare.

Inside, everything begins at `/`; what leaves gets the path put before it: redirects,
`Link`, cookies, and the links of a page. Addresses in documents stay as they are:
they begin at the service's own address, whatever that is.
"""

import re

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

# Markup is ours alone: what people and engines send has its quotes escaped.
_LINK = re.compile(r'(\s(?:href|src|action|data-root)="|\bcontent="0; url=)/(?!/)')
_COOKIE_PATH = re.compile(r"(?i)(;\s*path=)(/[^;]*)")


def under(root: str, html: str) -> str:
    """Return a page whose links begin with a path; none for an empty one."""
    return _LINK.sub(rf"\g<1>{root}/", html) if root else html


class UnderPath:
    """Takes the path away from what comes, if the proxy has not, and puts it back."""

    def __init__(self, app: ASGIApp, root: str) -> None:
        """Wrap `app`; `root` begins with a slash and does not end with one."""
        self._app = app
        self._root = root

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_under(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._put_back(MutableHeaders(scope=message))
            await send(message)

        await self._app({**scope, **self._inside(scope)}, receive, send_under)

    def _inside(self, scope: Scope) -> dict[str, object]:
        path = scope["path"]
        if path != self._root and not path.startswith(f"{self._root}/"):
            return {}
        raw = scope.get("raw_path", b"").removeprefix(self._root.encode())
        return {"path": path[len(self._root) :] or "/", "raw_path": raw or b"/"}

    def _put_back(self, headers: MutableHeaders) -> None:
        location = headers.get("location", "")
        if location.startswith("/") and not location.startswith("//"):
            headers["location"] = self._root + location
        if "link" in headers:
            headers["link"] = headers["link"].replace("</", f"<{self._root}/")
        cookies = headers.getlist("set-cookie")
        del headers["set-cookie"]
        for cookie in cookies:
            inside = _COOKIE_PATH.sub(rf"\g<1>{self._root}\g<2>", cookie)
            headers.append("set-cookie", inside)
