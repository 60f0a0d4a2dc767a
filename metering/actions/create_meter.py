"""Define a custom meter, and take a version off offer."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import msgspec
from sqlalchemy.orm import Session

from core.errors import InputError, InvalidInput
from core.ids import new_id
from core.scope import VENDOR_ID
from metering.custom.definition import MeterDefinition, definition_hash
from metering.custom.validation import KEY, faults_of
from metering.errors import MeterKeyTaken, MeterNotFound, TooManyMeters
from metering.reads.custom_meters import MeterVersionView, meter_of, versions_of, versions_owned
from metering.registry import METERS
from metering.store import add_meter_version, hold_ingestion, lock_meter_key, retire_meter_version
from tenants.actions.record_audit import record_audit

__all__ = ("MeterInput", "create_meter", "retire_meter")

MAX_KEY = 80
MAX_VERSIONS = 500
"""Versions of one owner: each is looked at for every fact of its types."""


@dataclass(frozen=True, slots=True)
class MeterInput:
    """A meter to be: the key it is asked for by, and its content."""

    key: str
    definition: MeterDefinition


def create_meter(
    session: Session,
    owner: UUID,
    wanted: MeterInput,
    actor: str,
    now: datetime,
    elsewhere: Callable[[str], bool] = lambda _key: False,
) -> MeterVersionView:
    """Define a meter, or its next version where the key is known with other content.

    The same content again is the version that has it. Ingestion of the owner waits until this
    transaction ends, so that every fact is seen either by it or by the backfill.

    Args:
        session: scoped to the owner.
        owner: the customer whose own meter it is, or the vendor (nil): then it is everybody's.
        wanted: key and content.
        actor: for the audit trail.
        now: when.
        elsewhere: tells the vendor whether a customer uses the key already.

    Raises:
        InvalidInput: every fault with its pointer and what to write instead (`invalid_input`).
        MeterKeyTaken: a built-in meter, the vendor or a customer has that key (`meter_key_taken`).
        TooManyMeters: the owner has as many versions as are looked after (`too_many_meters`).
    """
    faults = [*_key_faults(wanted.key), *faults_of(wanted.definition)]
    if faults:
        raise InvalidInput(*faults)
    if any(name == wanted.key or name.startswith(f"{wanted.key}.") for name in METERS):
        raise MeterKeyTaken(wanted.key)
    lock_meter_key(session, wanted.key)
    earlier = versions_of(session, owner, wanted.key)
    if any(version.vendor_wide != (owner == VENDOR_ID) for version in earlier) or elsewhere(wanted.key):
        raise MeterKeyTaken(wanted.key)
    digest = definition_hash(wanted.definition)
    if earlier and earlier[-1].content_hash == digest and earlier[-1].retired_at is None:
        return earlier[-1]
    if versions_owned(session, owner) >= MAX_VERSIONS:
        raise TooManyMeters(MAX_VERSIONS)
    hold_ingestion(session, owner)
    version = earlier[-1].meter.version + 1 if earlier else 1
    meter_id = new_id()
    add_meter_version(session, {
        "tenant_id": owner, "key": wanted.key, "version": version, "id": meter_id,
        "definition": msgspec.to_builtins(wanted.definition), "content_hash": digest,
        "created_at": now, "created_by": actor,
    })  # fmt: skip
    detail = {"version": version, "content_sha256": digest.hex()}
    record_audit(session, owner, actor, "create_meter", ("meter", wanted.key), detail)
    return versions_of(session, owner, wanted.key)[-1]


def _key_faults(key: str) -> list[InputError]:
    if len(key) <= MAX_KEY and KEY.fullmatch(key):
        return []
    detail = f"A key has lower-case letters, digits, '_', '-' and dots, like lab.hours, up to {MAX_KEY} characters."
    return [InputError("/key", "key_invalid", detail)]


def retire_meter(session: Session, owner: UUID, name: str, actor: str, now: datetime) -> MeterVersionView:
    """Take a version off offer: new plans and rules can't use it. Its figures stay readable and go on.

    Args:
        session: scoped to the owner.
        owner: whose meter.
        name: its exact name, or its key for the newest version.
        actor: for the audit trail.
        now: when.

    Raises:
        MeterNotFound: the owner has none of that name (`meter_not_found`).
    """
    found = meter_of(session, owner, name)
    if found is None or found.vendor_wide != (owner == VENDOR_ID):
        raise MeterNotFound(name)
    if found.retired_at is None:
        retire_meter_version(session, owner, found.meter.id, now)
        record_audit(
            session, owner, actor, "retire_meter", ("meter", found.meter.key), {"version": found.meter.version}
        )
    retired = meter_of(session, owner, found.meter.name)
    assert retired is not None
    return retired
