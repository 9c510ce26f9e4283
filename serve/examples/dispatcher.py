"""A dispatch system in thirty lines, on a client generated from /openapi.json.

The README's "Connect your dispatch system" has the two commands that make the client
and run this. Needs a key with the scopes `read` and `handle`.
"""

import os
import sys
import time

import httpx
from streetwarden_event_service_client import AuthenticatedClient
from streetwarden_event_service_client.api.cases import act_on_case, list_cases
from streetwarden_event_service_client.api.events import get_event
from streetwarden_event_service_client.models import Action, CaseOut, Do, State

url, key, patience = os.environ["SERVICE"], os.environ["KEY"], httpx.Timeout(60)
desk = AuthenticatedClient(url, key, timeout=patience)


def take(case: CaseOut) -> None:
    """Accept a case as it was read, unless somebody was quicker; say where it is."""
    version, order = f'"{case.version}"', Do(Action.ACCEPT, note="crew 7 is on its way")
    taken = act_on_case.sync(case.number, client=desk, body=order, if_match=version)
    if isinstance(taken, CaseOut):  # else a Problem
        event = get_event.sync(case.event_id, client=desk)
        where = event.location.address if event.location else event.camera.name
        print(f"case {case.number}: {case.slug} at {where}, due {case.due.at}")


while True:
    try:
        with desk.get_httpx_client().stream(
            "GET", "/api/v1/stream?types=case."
        ) as bell:
            # The stream rings, the list says what there is: so a break loses nothing.
            for _ in filter(lambda line: not line, bell.iter_lines()):
                for case in list_cases.sync(client=desk, state=State.DISPATCHED).items:
                    take(case)
    except httpx.TransportError as error:
        print(f"{error}; connecting again", file=sys.stderr)
        time.sleep(1)
