"""The API describes itself with examples that it would take."""

from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from serve.app import create_app
from serve.openapi_examples import EXAMPLES
from serve.settings import Settings


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
