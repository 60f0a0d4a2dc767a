"""The meters: GET and POST /v1/meters, retirement, and how far a backfill is."""

from typing import Any
from uuid import UUID

import msgspec
from litestar import Controller, Request, get, post
from litestar.datastructures import State
from msgspec.structs import asdict
from sqlalchemy.orm import Session

from core.clock import utc_now
from core.db import Database
from core.errors import InputError, InvalidInput
from core.exact_json import decode_exact, inexact_at
from core.scope import VENDOR_ID, StewardScope
from metering.actions.create_meter import MeterInput, create_meter, retire_meter
from metering.api.meter_answers import BackfillAnswer, MeterAnswer, MeterPage, MeterVersionsAnswer
from metering.custom.definition import MeterDefinition, name_and_version
from metering.custom.extraction import Extractor
from metering.errors import MeterNotFound
from metering.reads.custom_meters import (
    backfill_of,
    custom_meters,
    facts_of_types,
    key_is_used,
    meter_of,
    versions_of,
)
from metering.registry import METERS
from tenants.principal import Principal, require
from tenants.reads import TenantView
from tenants.roles import Permission

__all__ = ("route_handlers",)


class MeterBody(MeterDefinition, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A meter to be; the same key with other content is its next version."""

    key: str


async def _refuse_inexact(request: Request[Any, Any, State]) -> None:
    """Refuse a number that would be another one by the time it is compared."""
    try:
        pointer = inexact_at(decode_exact(await request.body()))
    except (msgspec.DecodeError, UnicodeDecodeError):
        return  # the route says what is wrong with the body
    if pointer is not None:
        detail = "The number has more digits than JSON numbers keep on their way. Write it as a decimal string."
        raise InvalidInput(InputError(pointer, "value_type_wrong", detail))


class MeterController(Controller):
    """The meters: built-in ones, the vendor's for everybody, and a customer's own."""

    path = "/v1/meters"
    tags = ("usage",)

    @get("/", sync_to_thread=True)
    def meters(self, principal: Principal, session: Session) -> MeterPage:
        """List the meters with units, aggregations and dimensions; of custom ones the newest version."""
        require(principal, Permission.CATALOGUE_READ)
        newest = {found.meter.key: found for found in custom_meters(session, _owner(session))}
        built_in = [MeterAnswer.of(spec) for spec in METERS.values()]
        return MeterPage([*built_in, *(MeterAnswer.of_version(found) for found in newest.values())])

    @post("/", sync_to_thread=True, before_request=_refuse_inexact)
    def create(self, principal: Principal, session: Session, database: Database, data: MeterBody) -> MeterAnswer:
        """Define a meter of the acting customer, or everybody's where the vendor names none.

        The same key with other content is the next version; with the same content the version there
        is. Figures are exact at once; until what was there before is backfilled they take longer.
        """
        owner = _owner(session)
        require(principal, Permission.CATALOGUE_WRITE if owner == VENDOR_ID else Permission.METERS_WRITE)

        def elsewhere(key: str) -> bool:
            if owner != VENDOR_ID:
                return False
            with database.begin(StewardScope()) as steward:
                return key_is_used(steward, key, vendor=False)

        content = {name: value for name, value in asdict(data).items() if name != "key"}
        wanted = MeterInput(data.key, MeterDefinition(**content))
        return MeterAnswer.of_version(create_meter(session, owner, wanted, principal.actor, utc_now(), elsewhere))

    @get("/{name:str}", sync_to_thread=True)
    def one(self, principal: Principal, session: Session, name: str) -> MeterVersionsAnswer:
        """Show a meter, by its key (the newest version) or its exact name, with all its versions."""
        require(principal, Permission.CATALOGUE_READ)
        if name in METERS:
            return MeterVersionsAnswer(MeterAnswer.of(METERS[name]), [])
        found = meter_of(session, _owner(session), name)
        if found is None:
            raise MeterNotFound(name)
        versions = versions_of(session, _owner(session), name_and_version(name)[0])
        return MeterVersionsAnswer(
            MeterAnswer.of_version(found), [MeterAnswer.of_version(version) for version in versions]
        )

    @post("/{name:str}/retire", sync_to_thread=True, status_code=200)
    def retire(self, principal: Principal, session: Session, name: str) -> MeterAnswer:
        """Take a version off offer: no new plan or rule can use it, its figures go on."""
        owner = _owner(session)
        require(principal, Permission.CATALOGUE_WRITE if owner == VENDOR_ID else Permission.METERS_WRITE)
        return MeterAnswer.of_version(retire_meter(session, owner, name, principal.actor, utc_now()))

    @get("/{name:str}/backfill", sync_to_thread=True)
    def backfill(self, principal: Principal, session: Session, tenant: TenantView, name: str) -> BackfillAnswer:
        """Tell how far the facts from before the meter are prepared. Figures are exact all along."""
        require(principal, Permission.USAGE_READ)
        found = meter_of(session, tenant.id, name)
        if found is None:
            raise MeterNotFound(name)
        progress = backfill_of(session, tenant.id, found.meter.id)
        waiting = 0 if progress else facts_of_types(session, tenant.id, Extractor(found.meter.definition).types)
        return BackfillAnswer.of(found, progress, waiting)


def _owner(session: Session) -> UUID:
    """Return the acting customer, or the vendor (nil)."""
    owner: UUID = session.info["scope"].tenant_id
    return owner


route_handlers = (MeterController,)
