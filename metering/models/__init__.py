"""Tables of facts: key, fact and body stores, corrections, and the counting policies in force.

What readers need to know, beyond the columns:

- One event is one row in each of `fact_key`, `fact` and `fact_body`, written together in one
  transaction by `metering.ingest`, and what the product itself brings about (seats assigned here)
  by `metering.actions.record_events`. There are no foreign keys among them: a check per row
  would cost as much as the row.
- The primary keys of `fact` and `fact_body` begin with `accepted_at`, so that new rows go to the
  end of the index whatever their keys are. Whoever looks for an event by its key alone goes by way
  of `fact_key`, which knows when it was accepted (`metering.reads.keyed`).
- `attributes` holds the typed fields of `metering.events` that the event carried, without
  `person`; NULL where there are none. Person keys in it (`substitute`, `contributor`,
  `object_owner`) are identity ids (integers). `minutes`, `progress` and `amount` are decimal
  *strings*: `Fraction(attributes["minutes"])` is exact. `class_starts_at` is an RFC 3339 string.
  An event of an unknown type has the common fields only (`audience`, `cost_centre`, `tags`).
- A deactivation is a fact (type `person.deactivated`) like any other, and is read from the facts:
  each one ends the person's seats and memberships at its own time. The hot lane never touches
  `person.active_to`: it notes in `presence` what was said, and the newest statement is followed
  (`actions.follow_departures`), so that the order of arrival does not matter.
- Class and audience from `data.person` stand in `person_trait`, dated by the event's time, under
  the event's key; those of a replacement under the correction's id. Readers leave out the traits of
  keys that a correction voids or replaces.
- `accepted_at` and `recorded_at` are the tenant's time (its test clock's, if it has one), so that
  several may be equal: a cut-off `as_of` is inclusive. The last correction is the greatest
  `(recorded_at, id)`.
"""

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    ForeignKeyConstraint,
    Identity,
    Index,
    Integer,
    LargeBinary,
    Numeric,
    SmallInteger,
    UniqueConstraint,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from core.models import Base, Instant, TenantId, json_column
from metering.models.archives import ArchiveJob, FactArchive, FactRetention
from metering.models.leases import LeasedPool, LeasedSession
from metering.models.rollups import KeptFigure, UsageDay, UsageFold, UsageHour
from metering.models.xapi import (
    XapiActorKey,
    XapiAttachment,
    XapiDirectory,
    XapiMark,
    XapiRule,
    XapiStatement,
    XapiStream,
)

__all__ = (
    "ArchiveJob",
    "Correction",
    "Fact",
    "FactArchive",
    "FactBody",
    "FactKey",
    "FactRetention",
    "ImportFault",
    "ImportJob",
    "ImportPart",
    "KeptFigure",
    "LeasedPool",
    "LeasedSession",
    "MeterBackfill",
    "MeterValue",
    "MeterVersion",
    "PolicyBinding",
    "Symbol",
    "UsageDay",
    "UsageFold",
    "UsageHour",
    "XapiActorKey",
    "XapiAttachment",
    "XapiDirectory",
    "XapiMark",
    "XapiRule",
    "XapiStatement",
    "XapiStream",
)


class Symbol(Base):
    """Append-only: a tenant's event types and sources as small integers."""

    __tablename__ = "symbol"
    __table_args__ = (
        UniqueConstraint("tenant_id", "kind", "value"),
        CheckConstraint("kind in ('type', 'source')", name="kind"),
    )
    tenant_id: Mapped[TenantId]
    id: Mapped[int] = mapped_column(Integer, Identity(), primary_key=True)
    kind: Mapped[str]
    value: Mapped[str]


class FactKey(Base):
    """Append-only, for ever, never archived: which events were accepted, and with what content.

    `event_key` is a function of source and id only (`metering.ingest.keys`), so that the primary
    key is the exact deduplication.
    """

    __tablename__ = "fact_key"
    __table_args__ = (CheckConstraint("octet_length(content_hash) = 16", name="content_hash_size"),)
    tenant_id: Mapped[TenantId]
    event_key: Mapped[UUID] = mapped_column(primary_key=True)
    content_hash: Mapped[bytes] = mapped_column(LargeBinary)
    accepted_at: Mapped[Instant]


class Fact(Base):
    """Append-only: the lean row that meters read."""

    __tablename__ = "fact"
    __table_args__ = (Index("ix_fact_type_id_occurred_at", "tenant_id", "type_id", "occurred_at"),)
    tenant_id: Mapped[TenantId]
    accepted_at: Mapped[datetime] = mapped_column(primary_key=True)
    event_key: Mapped[UUID] = mapped_column(primary_key=True)
    occurred_at: Mapped[Instant]
    type_id: Mapped[int] = mapped_column(Integer)
    source_id: Mapped[int] = mapped_column(Integer)
    identity_id: Mapped[int]
    attributes: Mapped[Any | None] = mapped_column(JSONB)


class FactBody(Base):
    """Append-only: the event itself without personal data, canonical JSON in a zstd frame.

    The JSON object has `id`, `source`, `type`, `time` and `data`; no subject (that is the fact's
    identity), and in `data` no name, e-mail or external id; person keys are identity ids.
    """

    __tablename__ = "fact_body"
    tenant_id: Mapped[TenantId]
    accepted_at: Mapped[datetime] = mapped_column(primary_key=True)
    event_key: Mapped[UUID] = mapped_column(primary_key=True)
    body: Mapped[bytes] = mapped_column(LargeBinary)


class Correction(Base):
    """Append-only: somebody voids or replaces an event, which may not have arrived yet.

    `replacement` is `{"type", "time", "identity_id", "attributes", "data"}`: `attributes` as in
    `fact`, `data` as in the body. It keeps the event's source and id.
    """

    __tablename__ = "correction"
    __table_args__ = (
        CheckConstraint("kind in ('void', 'replace')", name="kind"),
        CheckConstraint("(kind = 'replace') = (replacement is not null)", name="replacement_given"),
        CheckConstraint("reason <> ''", name="reason_given"),
        Index("ix_correction_target_key", "tenant_id", "target_key", "recorded_at"),
    )
    tenant_id: Mapped[TenantId]
    id: Mapped[UUID] = mapped_column(primary_key=True)
    target_key: Mapped[UUID]
    kind: Mapped[str]
    replacement: Mapped[Any | None] = mapped_column(JSONB(none_as_null=True))
    reason: Mapped[str]
    author: Mapped[str]
    recorded_at: Mapped[Instant]


class PolicyBinding(Base):
    """Append-only: from `starts_at` on these counting policies are in force; the last recorded holds."""

    __tablename__ = "policy_binding"
    tenant_id: Mapped[TenantId]
    starts_at: Mapped[datetime] = mapped_column(primary_key=True)
    recorded_at: Mapped[datetime] = mapped_column(primary_key=True)
    policies: Mapped[Any] = json_column()
    policy_hash: Mapped[str]


class ImportJob(Base):
    """A file that was sent, how it is read, and how far that has come.

    One per file, way of reading and kind (dry run or not): the same again is the same import.
    `rows_read` is the row offset at which a worker goes on; `pending_at` is the acceptance time of
    the batch after it, recorded before the batch is stored, so that a batch that was stored but not
    recorded when a worker died is known for this import's own.
    """

    __tablename__ = "import_job"
    __table_args__ = (
        UniqueConstraint("tenant_id", "content_hash", "plan_hash", "dry_run"),
        CheckConstraint("status in ('queued', 'running', 'done', 'cancelled', 'failed')", name="status"),
        CheckConstraint("(status = 'failed') = (error_code <> '')", name="failed_says_why"),
        Index("ix_import_job_waiting", "tenant_id", "created_at", postgresql_where="status in ('queued', 'running')"),
    )
    tenant_id: Mapped[TenantId]
    id: Mapped[UUID] = mapped_column(primary_key=True)
    file_name: Mapped[str]
    size_bytes: Mapped[int]
    content_hash: Mapped[bytes] = mapped_column(LargeBinary)
    plan_hash: Mapped[bytes] = mapped_column(LargeBinary)
    plan: Mapped[Any] = json_column()
    preset: Mapped[str]
    dry_run: Mapped[bool]
    preview: Mapped[Any] = json_column()
    status: Mapped[str]
    created_by: Mapped[str]
    created_at: Mapped[Instant]
    started_at: Mapped[Instant | None]
    finished_at: Mapped[Instant | None]
    rows_expected: Mapped[int]
    rows_read: Mapped[int]
    rows_skipped: Mapped[int]
    accepted: Mapped[int]
    duplicate: Mapped[int]
    conflict: Mapped[int]
    rejected: Mapped[int]
    unmetered: Mapped[int]
    pending_at: Mapped[Instant | None]
    error_code: Mapped[str]
    error_detail: Mapped[str]


class ImportPart(Base):
    """A piece of a file, compressed, from when it was sent until its import is over."""

    __tablename__ = "import_part"
    __table_args__ = (ForeignKeyConstraint(["tenant_id", "job_id"], ["import_job.tenant_id", "import_job.id"]),)
    tenant_id: Mapped[TenantId]
    job_id: Mapped[UUID] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(Integer, primary_key=True)
    content: Mapped[bytes] = mapped_column(LargeBinary)


class ImportFault(Base):
    """Something in a row of a file that was not taken; `position` tells the faults of one row apart."""

    __tablename__ = "import_fault"
    __table_args__ = (ForeignKeyConstraint(["tenant_id", "job_id"], ["import_job.tenant_id", "import_job.id"]),)
    tenant_id: Mapped[TenantId]
    job_id: Mapped[UUID] = mapped_column(primary_key=True)
    row_number: Mapped[int] = mapped_column(primary_key=True)
    position: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    column_name: Mapped[str]
    code: Mapped[str]
    detail: Mapped[str]


class MeterVersion(Base):
    """A version of a custom meter: immutable but for the day it stops being offered.

    Under a customer's tenant id it is that customer's own; under the vendor's (nil) everybody's, and
    every tenant may read it. A key is used on one of the two sides only.
    """

    __tablename__ = "meter_version"
    __table_args__ = (
        UniqueConstraint("tenant_id", "id"),
        CheckConstraint("version >= 1", name="version_positive"),
        CheckConstraint("octet_length(content_hash) = 32", name="content_hash_size"),
    )
    tenant_id: Mapped[TenantId]
    key: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(Integer, primary_key=True)
    id: Mapped[UUID]
    definition: Mapped[Any] = json_column()
    content_hash: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[Instant]
    created_by: Mapped[str]
    retired_at: Mapped[datetime | None]


class MeterValue(Base):
    """Append-only: what a custom meter takes of a fact it is about. Corrections are not in it.

    Written with the fact by ingestion, and by the backfill for facts that were there before the
    meter. It holds nothing that the bodies do not: `rebuild_values` takes anew what is lost or
    damaged. Values of archived facts leave with them and come back from their bodies.
    """

    __tablename__ = "meter_value"
    tenant_id: Mapped[TenantId]
    meter_id: Mapped[UUID] = mapped_column(primary_key=True)
    event_key: Mapped[UUID] = mapped_column(primary_key=True)
    value: Mapped[Decimal | None] = mapped_column(Numeric)
    item: Mapped[str | None]
    dimensions: Mapped[Any | None] = mapped_column(JSONB(none_as_null=True))


class MeterBackfill(Base):
    """How far a custom meter has looked at the facts of a tenant that were there before it, by their keys.

    Where it has not finished, figures are read from the bodies: the same, later.
    """

    __tablename__ = "meter_backfill"
    tenant_id: Mapped[TenantId]
    meter_id: Mapped[UUID] = mapped_column(primary_key=True)
    after_key: Mapped[UUID | None]
    looked_at: Mapped[int]
    found: Mapped[int]
    total: Mapped[int]
    started_at: Mapped[Instant]
    updated_at: Mapped[Instant]
    finished_at: Mapped[datetime | None]
