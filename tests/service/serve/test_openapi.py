"""The API describes itself with examples that it would take."""

from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from serve.app import create_app
from serve.openapi_examples import EXAMPLES
from serve.settings import Settings

# A name that changes breaks programs that are written on a generated client.
OPERATIONS = """
act_on_case
add_user
answer_verification
assign_role
begin_to_watch
begin_upload
change_password
continue_upload
describe_uploads
disable_user
end_to_watch
export_cases
export_events
follow_stream
forget_engine
get_case
get_case_schema
get_cell_at
get_event
get_events_geojson
get_evidence
get_evidence_schema
get_health
get_indicators
get_map
get_me
get_metrics
get_open311_request
get_readiness
get_violation_schema
import_grid
list_audit
list_cameras
list_cases
list_coverage
list_deletions
list_deliveries
list_departments
list_engines
list_events
list_holds
list_hot_spots
list_keys
list_messages
list_open311_requests
list_open311_services
list_subscriptions
list_users
list_verifications
look_at_upload
make_first_admin
make_key
ping_subscription
place_hold
put_evidence
release_hold
replay_deliveries
replay_delivery
report_batch
report_event
report_health
request_verification
reset_password
revoke_key
rotate_secret
stay_alive
subscribe
switch_subscription
unsubscribe
"""


@pytest.fixture(scope="module")
def document(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Return the API's description; nothing is started for it."""
    home: Path = tmp_path_factory.mktemp("home")
    return create_app(Settings(home=home)).openapi()


def test_everything_that_can_be_sent_as_json_has_an_example(
    document: dict[str, Any],
) -> None:
    bodies = [
        content["schema"]["$ref"].rpartition("/")[2]
        for path in document["paths"].values()
        for operation in path.values()
        if isinstance(operation, dict)
        for kind, content in operation.get("requestBody", {}).get("content", {}).items()
        if kind == "application/json" and "$ref" in content["schema"]
    ]
    schemas = document["components"]["schemas"]

    assert bodies
    assert [name for name in bodies if "examples" not in schemas[name]] == []


@pytest.mark.parametrize("name", sorted(EXAMPLES))
def test_an_example_is_what_its_schema_asks_for(
    document: dict[str, Any], name: str
) -> None:
    schema = {
        "$ref": f"#/components/schemas/{name}",
        "components": document["components"],
    }

    Draft202012Validator(schema).validate(EXAMPLES[name])


def test_what_generated_clients_call_an_operation_stays(
    document: dict[str, Any],
) -> None:
    named = [one["operationId"] for one in _operations(document)]

    assert sorted(named) == sorted(OPERATIONS.split())


def test_every_answer_that_has_a_body_says_its_shape(document: dict[str, Any]) -> None:
    shapeless = [
        (operation["operationId"], status, kind)
        for operation in _operations(document)
        for status, answer in operation["responses"].items()
        for kind, content in answer.get("content", {}).items()
        if not content.get("schema")
    ]

    assert shapeless == []


def _operations(document: dict[str, Any]) -> list[dict[str, Any]]:
    return [one for path in document["paths"].values() for one in path.values()]
