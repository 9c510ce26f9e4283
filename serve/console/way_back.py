"""Where somebody goes on who had to sign in first: a page of ours and nothing else."""

import re
from urllib.parse import quote, urlencode

from fastapi import Request

#: Where to, kept while the city's own login is asked.
WAY_BACK_COOKIE = "streetwarden_to"
FRONT = "/"
_LONGEST = 512
# No second slash and no backslash: browsers would take what follows for a host.
_OURS = re.compile(r"/(?:[!-.0-\[\]-~][!-\[\]-~]*)?")


def wanted(request: Request) -> str:
    """Return what the login leads on to: the page asked for, without its language.

    A form's address leads to the form's page (each has a GET beside its POST).
    """
    query = request.query_params
    if request.url.path.startswith(("/login", "/setup")):
        return ours(query.get("to", request.cookies.get(WAY_BACK_COOKIE, FRONT)))
    kept = [(name, value) for name, value in query.multi_items() if name != "lang"]
    path = quote(request.url.path, safe="/:@!$&'()*+,;=~")
    return ours(f"{path}?{urlencode(kept)}" if kept else path)


def ours(given: str) -> str:
    """Return a path of this service as it is, the front page for anything else."""
    fits = len(given) <= _LONGEST and _OURS.fullmatch(given)
    return given if fits else FRONT
