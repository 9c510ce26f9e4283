"""A dispatch system in thirty lines: follow the stream, take cases, report them done.

Run it against a service, with a key that has the scopes `read` and `handle`:

    python -m serve keys create --scope read --scope handle --name desk
    SERVICE=http://127.0.0.1:8321 KEY=sw_… python serve/examples/dispatcher.py
"""

import json
import os
import sys
from collections.abc import Iterator
from typing import Any

import httpx


def messages(client: httpx.Client, after: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield (position, CloudEvent) for ever; after a break it goes on where it was."""
    while True:
        headers = {"Last-Event-ID": after}
        url = "/api/v1/stream?types=case."
        try:
            with client.stream("GET", url, headers=headers, timeout=60) as answer:
                answer.raise_for_status()
                for line in answer.iter_lines():
                    name, _, value = line.partition(": ")
                    if name == "id":
                        after = value
                    elif name == "data":
                        yield after, json.loads(value)
        except httpx.TransportError as error:
            sys.stderr.write(f"connection lost ({error}); connecting again\n")


def act(client: httpx.Client, case: dict[str, Any], action: str, note: str) -> bool:
    """Do something to a case as it is; False if somebody else was quicker."""
    answer = client.post(
        f"/api/v1/cases/{case['case']}/actions",
        json={"action": action, "note": note},
        headers={"If-Match": f'"{case["version"]}"'},
    )
    return answer.is_success


def main() -> None:
    """Accept every case that is dispatched, and say what to do where."""
    headers = {"Authorization": f"Bearer {os.environ['KEY']}"}
    with httpx.Client(base_url=os.environ["SERVICE"], headers=headers) as client:
        for _, message in messages(client, os.environ.get("AFTER", "0")):
            case = message["data"]
            if message["type"].endswith(".dispatched.v1") and act(
                client, case, "accept", "crew 7 is on its way"
            ):
                event = client.get(f"/api/v1/events/{case['event_id']}").json()
                place = event["location"] or {}
                sys.stdout.write(
                    f"case {case['case']}: {case['slug']} for {case['department']}, "
                    f"{place.get('address') or event['camera']['name']}, "
                    f"due {case['due_at']}\n"
                )
                sys.stdout.flush()


if __name__ == "__main__":
    main()
