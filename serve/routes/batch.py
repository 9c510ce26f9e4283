"""Events by the hundred: one request, one answer for each of them."""

from typing import Annotated

from fastapi import APIRouter, Body
from pydantic import BaseModel, Field, JsonValue, ValidationError
from starlette.concurrency import run_in_threadpool

from serve.access import Ingester, Services_
from serve.errors import InvalidContent, Problem, problem_document
from serve.json_words import in_words
from serve.messages import ViolationMessage, canonical_of
from serve.services import Services
from serve.store.intake import Arrival
from serve.store.letters import Letter

router = APIRouter(tags=["events"])

MAX_BATCH = 200


class Outcome(BaseModel):
    """What became of one message of a batch."""

    index: Annotated[int, Field(description="Its place in the batch, from 0")]
    id: Annotated[str | None, Field(description="The CloudEvent's id, if it has one")]
    result: Annotated[str, Field(description="`new`, `repeated` or `refused`")]
    problem: Annotated[
        dict[str, JsonValue] | None, Field(description="Why it was refused (RFC 9457)")
    ] = None


class BatchReceipt(BaseModel):
    """What became of a batch."""

    new: int
    repeated: int
    refused: int
    results: list[Outcome]


@router.post(
    "/api/v1/events/batch",
    summary="Report up to 200 steps at once",
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {
                    "schema": {
                        "type": "array",
                        "maxItems": MAX_BATCH,
                        "items": {"$ref": "#/components/schemas/ViolationMessage"},
                    }
                }
            },
        }
    },
)
async def report_batch(
    batch: Annotated[list[dict[str, JsonValue]], Body(max_length=MAX_BATCH)],
    services: Services_,
    _: Ingester,
) -> BatchReceipt:
    """Take an array of CloudEvents in; sending it again, or parts of it, is harmless.

    Each is answered for itself, in the order given: one that is refused stops no
    other. The answer is 200 also when all were refused. When the service cannot store
    now (5xx), nothing of the batch was taken: send it again.
    """
    checked = [_letter(one) for one in batch]
    letters = [one for one in checked if isinstance(one, Letter)]
    taken = iter(await run_in_threadpool(services.intake.take_all, letters))
    outcomes = [next(taken) if isinstance(one, Letter) else one for one in checked]
    services.feed.ring()
    _count(services, checked, outcomes)
    results = [
        _outcome(index, raw, outcome)
        for index, (raw, outcome) in enumerate(zip(batch, outcomes, strict=True))
    ]
    said = [one.result for one in results]
    return BatchReceipt(
        new=said.count("new"),
        repeated=said.count("repeated"),
        refused=said.count("refused"),
        results=results,
    )


def _letter(raw: dict[str, JsonValue]) -> Letter | Problem:
    try:
        return Letter(ViolationMessage.model_validate(raw), *canonical_of(raw))
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        place = "/".join(str(part) for part in first["loc"]) or "message"
        return InvalidContent(f"{place}: {in_words(first)}")
    except InvalidContent as error:
        return error


def _count(
    services: Services,
    checked: list[Letter | Problem],
    outcomes: list[Arrival | Problem],
) -> None:
    for letter, outcome in zip(checked, outcomes, strict=True):
        if isinstance(letter, Letter) and isinstance(outcome, Arrival):
            v = letter.message.data
            services.metrics.event(v.slug, v.lifecycle, outcome)


def _outcome(
    index: int, raw: dict[str, JsonValue], outcome: Arrival | Problem
) -> Outcome:
    given = raw.get("id")
    name = given[:256] if isinstance(given, str) else None
    if isinstance(outcome, Problem):
        problem = problem_document(outcome)
        return Outcome(index=index, id=name, result="refused", problem=problem)
    return Outcome(index=index, id=name, result=outcome.value)
