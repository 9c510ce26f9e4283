"""Keys of machines and of people."""

from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Response
from pydantic import BaseModel, Field

from serve.access import Admin, Services_
from serve.errors import Forbidden, InvalidContent, NotFound
from serve.messages import EXACT, Plain, Street
from serve.people.audit import Deed
from serve.people.roles import Scope
from serve.routes.people import UserName

router = APIRouter(tags=["people"])

MACHINE_SCOPES = frozenset(
    {Scope.INGEST, Scope.READ, Scope.ORIGINALS, Scope.DISPATCH, Scope.HANDLE}
)


class NewKey(BaseModel):
    """A key to be: a machine's, or a person's own."""

    model_config = EXACT

    name: Plain
    scopes: Annotated[list[Scope], Field(max_length=len(Scope))] = []
    user: Annotated[UserName | None, Field(description="Whose own key it is")] = None
    districts: Annotated[
        list[Street],
        Field(max_length=200, description="Streets a machine sees; none: all"),
    ] = []
    days: Annotated[int, Field(ge=1, le=3650)] | None = None


class KeyMade(BaseModel):
    """A new key; it is not shown again."""

    key: str


class KeyOut(BaseModel):
    """A key's record, without the key."""

    key_id: str
    name: str
    scopes: list[str]
    personal: bool
    user: Annotated[str | None, Field(description="Whose own key it is")]
    districts: list[str]
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None


@router.post("/api/v1/keys", status_code=201, summary="Make a key")
def make_key(new: NewKey, services: Services_, who: Admin) -> KeyMade:
    """Make a key for a machine (with scopes) or for a person (with their role)."""
    if (new.user is None) != bool(new.scopes):
        msg = "expected either scopes, for a machine, or user, for a person's own key"
        raise InvalidContent(msg)
    if not MACHINE_SCOPES.issuperset(new.scopes):
        known = ", ".join(sorted(MACHINE_SCOPES))
        msg = f"scopes: a machine may have {known}; people do the rest"
        raise Forbidden(msg)
    if new.districts and (new.user is not None or Scope.INGEST in new.scopes):
        msg = (
            "districts: a person's key has its owner's, and an engine reports for the "
            "whole city; expected none here"
        )
        raise InvalidContent(msg)
    key = services.keys.create(
        new.name,
        new.scopes,
        districts=new.districts,
        lifetime=None if new.days is None else timedelta(days=new.days),
        user_id=None if new.user is None else services.users.id_of(new.user),
    )
    subject = f"{new.name} for {new.user or ' '.join(sorted(new.scopes))}"
    services.audit.note(Deed(who, "key.created", subject))
    return KeyMade(key=key)


@router.get("/api/v1/keys", summary="Keys")
def list_keys(services: Services_, _: Admin) -> list[KeyOut]:
    """Return every key's record, never a key."""
    names = {row.user_id: row.name for row in services.users.all()}
    return [
        KeyOut(
            key_id=row.key_id,
            name=row.name,
            scopes=row.scopes.split(),
            personal=row.user_id is not None,
            user=names.get(row.user_id or ""),
            districts=row.districts.splitlines(),
            created_at=row.created_at,
            expires_at=row.expires_at,
            revoked_at=row.revoked_at,
        )
        for row in services.keys.all()
    ]


@router.delete("/api/v1/keys/{key_id}", status_code=204, summary="Revoke a key")
def revoke_key(key_id: Plain, services: Services_, who: Admin) -> Response:
    """End a key at once; in other processes within five seconds."""
    if not services.keys.revoke(key_id):
        msg = f"key: got {key_id!r}; there is no such key to revoke"
        raise NotFound(msg)
    services.audit.note(Deed(who, "key.revoked", key_id))
    return Response(status_code=204)
