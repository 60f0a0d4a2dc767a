"""Writes of what is made from facts: kept figures, folded days, hours put right."""

import json
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.dialects.postgresql import insert as insert_or
from sqlalchemy.orm import Session

from metering.models import KeptFigure

__all__ = (
    "day_digest", "fold_day", "folded_facts", "lock_day", "mend_hours", "put_kept_figures", "thinned_facts",
)  # fmt: skip


def put_kept_figures(session: Session, rows: Sequence[dict[str, Any]]) -> None:
    """Keep figures of a tenant, in place of those kept of the same periods; give them in one order."""
    if not rows:
        return
    put = insert_or(KeptFigure)
    session.execute(
        put.on_conflict_do_update(
            index_elements=["tenant_id", "meter", "starts_at", "ends_at"],
            set_={name: put.excluded[name] for name in ("reading", "quantity", "measured_at", "parts", "stamp")},
        ),
        list(rows),
    )


def lock_day(session: Session, tenant_id: UUID, event_type: str, starts_at: datetime) -> bool:
    """Let nobody else fold that day until this transaction ends; return False where somebody does."""
    day = f"{tenant_id} {event_type} {starts_at.isoformat()}"
    found = session.execute(text("select pg_try_advisory_xact_lock(hashtextextended(:day, 4))"), {"day": day})
    return bool(found.scalar_one())


# Of facts that count alike those of the first instant; the first of them also stands for all later ones.
_THINNED = """
    select event_key, occurred_at, type, source, identity_id, attributes, total as times
    from (
        select alike.*,
               rank() over (partition by {alike} order by occurred_at) as place,
               times + case when row_number() over (partition by {alike} order by occurred_at, event_key) = 1
                            then sum(times) over (partition by {alike})
                                 - sum(times) over (partition by {alike}, occurred_at)
                            else 0 end as total
        from alike
    ) placed
    where place = 1
"""
_ALIKE = "type, identity_id, attributes -> 'audience', attributes -> 'kind', attributes -> 'waived'"
_FOLD_DAY = text(f"""
    with alike as (
        select f.event_key, f.occurred_at, cast(:type as text) as type, s.value as source, f.identity_id, f.attributes,
               1 as times
        from fact f join symbol s on s.tenant_id = f.tenant_id and s.id = f.source_id
        where f.tenant_id = :tenant_id and f.occurred_at >= :starts_at and f.occurred_at < :ends_at
          and f.type_id = (select id from symbol where tenant_id = :tenant_id and kind = 'type' and value = :type)
          and f.event_key <> all(cast(:corrected as uuid[]))
        union all
        select n.event_key, n.occurred_at, :type, n.source, n.identity_id, n.attributes, 1
        from unnest(cast(:keys as uuid[]), cast(:instants as timestamptz[]), cast(:sources as text[]),
                    cast(:identities as bigint[]), cast(cast(:attributes as text[]) as jsonb[]))
            as n (event_key, occurred_at, source, identity_id, attributes)
    )
    insert into usage_day
        (tenant_id, type, starts_at, event_key, occurred_at, source, identity_id, attributes, times)
    select :tenant_id, type, :starts_at, event_key, occurred_at, source, identity_id, attributes, times
    from ({_THINNED.format(alike=_ALIKE)}) thinned
""")  # noqa: S608 - made of constants
_FOLDED = text("""
    insert into usage_fold (tenant_id, type, starts_at, ends_at, facts, corrections, known_at)
    select :tenant_id, :type, :starts_at, :ends_at, :facts, :corrections, greatest(cast(:known_at as timestamptz), (
        select max(accepted_at) from fact
        where tenant_id = :tenant_id and occurred_at >= :starts_at and occurred_at < :ends_at
          and type_id = (select id from symbol where tenant_id = :tenant_id and kind = 'type' and value = :type)))
    on conflict (tenant_id, type, starts_at) do update
        set ends_at = excluded.ends_at, facts = excluded.facts, corrections = excluded.corrections,
            known_at = excluded.known_at
""")
_FOLDED_FACTS = text(f"""
    with alike as (
        select d.*, case when d.identity_id = any(cast(:changing as bigint[])) then d.starts_at end as apart
        from unnest(cast(:types as text[]), cast(:starts as timestamptz[])) as w (type, starts_at)
        join usage_day d on d.tenant_id = :tenant_id and d.type = w.type and d.starts_at = w.starts_at
        where (d.identity_id, d.starts_at) not in (
            select * from unnest(cast(:without as bigint[]), cast(:on_days as timestamptz[])))
    )
    {_THINNED.format(alike=f"{_ALIKE}, apart")}
""")  # noqa: S608 - made of constants


# What is not folded, thinned in the same way as it is read. Two scans and hashes: of a running day's millions of facts
# a sort, or their way to this process, would take many times as long.
_THIN = text("""
    with alike as not materialized (
        select event_key, occurred_at, type_id, source_id, identity_id, attributes,
               coalesce((attributes -> 'audience')::text, '') as audience,
               coalesce((attributes -> 'kind')::text, '') as kind,
               coalesce((attributes -> 'waived')::text, '') as waived
        from fact
        where tenant_id = :tenant_id and type_id = any(cast(:types as int[]))
          and occurred_at >= :since and occurred_at < :until
          and (cast(:as_of as timestamptz) is null or accepted_at <= :as_of)
          and event_key <> all(cast(:corrected as uuid[])) and identity_id <> all(cast(:without as bigint[]))
    ), counted as (
        select type_id, identity_id, audience, kind, waived, min(occurred_at) as occurred_at, count(*) as facts
        from alike group by type_id, identity_id, audience, kind, waived
    )
    select event_key, occurred_at, type_id, source_id, identity_id, attributes,
           case when row_number() over (together order by event_key) = 1
                then facts - count(*) over together + 1 else 1 end as times
    from counted join alike using (type_id, identity_id, audience, kind, waived, occurred_at)
    window together as (partition by type_id, identity_id, audience, kind, waived)
""")


def thinned_facts(
    session: Session, tenant_id: UUID, types: Collection[int], span: tuple[datetime, datetime], *,
    as_of: datetime | None, corrected: Collection[UUID], without: Collection[int],
) -> Sequence[Any]:  # fmt: skip
    """Return what decides of facts that no folded day tells: of those that count alike, the first.

    Args:
        session: scoped to the tenant.
        tenant_id: whose facts.
        types: numbers of their types.
        span: `[since, until)`.
        as_of: accepted up to it (inclusive); None for all.
        corrected: keys of events that do not count as they were sent.
        without: identities that are not wanted.

    Returns:
        Key, time, type and source by their numbers, identity, attributes, and how many facts each stands for.
    """
    return session.execute(_THIN, {
        "tenant_id": tenant_id, "types": list(types), "since": span[0], "until": span[1], "as_of": as_of,
        "corrected": list(corrected), "without": list(without),
    }).all()  # fmt: skip


def fold_day(
    session: Session, day: Mapping[str, Any], corrected: Sequence[UUID], instead: Sequence[tuple[UUID, str, Any]]
) -> None:
    """Make a day's rows of `usage_day` anew from the facts; to be called by who holds its lock.

    Args:
        session: scoped to the tenant.
        day: the columns of `UsageFold`.
        corrected: keys of events that do not count as they were sent.
        instead: key, source and replacement of what counts that day in their stead.
    """
    session.execute(
        text("delete from usage_day where tenant_id = :tenant_id and type = :type and starts_at = :starts_at"), day
    )
    session.execute(_FOLD_DAY, {
        **day,
        "corrected": list(corrected),
        "keys": [key for key, _, _ in instead],
        "instants": [datetime.fromisoformat(new["time"]) for _, _, new in instead],
        "sources": [source for _, source, _ in instead],
        "identities": [int(new["identity_id"]) for _, _, new in instead],
        "attributes": [json.dumps(new["attributes"]) if new["attributes"] else None for _, _, new in instead],
    })  # fmt: skip
    session.execute(_FOLDED, dict(day))


def folded_facts(
    session: Session,
    tenant_id: UUID,
    days: Sequence[tuple[str, datetime]],
    changing: tuple[Sequence[int], Sequence[tuple[int, datetime]]],
) -> Sequence[Any]:
    """Return what decides of folded days, thinned over all of them.

    Args:
        session: scoped to the tenant.
        tenant_id: whose days.
        days: types and starts.
        changing: identities whose days are not thinned together, and identities and days to leave out.

    Returns:
        Key, time, type, source, identity, attributes, and how many facts each stands for.
    """
    if not days:
        return ()
    identities, without = changing
    return session.execute(_FOLDED_FACTS, {
        "tenant_id": tenant_id,
        "types": [name for name, _ in days], "starts": [starts_at for _, starts_at in days],
        "changing": list(identities),
        "without": [identity_id for identity_id, _ in without], "on_days": [starts_at for _, starts_at in without],
    }).all()  # fmt: skip


def day_digest(session: Session, tenant_id: UUID, event_type: str, starts_at: datetime) -> str:
    """Return a hash of a folded day's rows."""
    query = text("""
        select md5(coalesce(string_agg(concat_ws(' ', event_key, occurred_at at time zone 'UTC', source, identity_id,
                                                 attributes, times), '|' order by event_key), ''))
        from usage_day where tenant_id = :tenant_id and type = :type and starts_at = :starts_at
    """)
    given = {"tenant_id": tenant_id, "type": event_type, "starts_at": starts_at}
    return str(session.execute(query, given).scalar_one())


_WRONG_HOURS = text("""
    select s.value as type, type_id, hour, coalesce(h.facts, 0)::bigint as told, coalesce(f.facts, 0) as facts
    from (select type_id, date_trunc('hour', occurred_at, 'UTC') as hour, count(*) as facts
          from fact where tenant_id = :tenant_id group by 1, 2) f
    full join (select type_id, hour, sum(facts) as facts from usage_hour where tenant_id = :tenant_id group by 1, 2) h
           using (type_id, hour)
    join symbol s on s.tenant_id = :tenant_id and s.id = type_id
    where f.facts is distinct from h.facts and not exists (
        select from fact_archive a where a.tenant_id = :tenant_id and a.status in ('written', 'archived', 'restoring')
           and a.facts_from < hour + interval '1 hour' and a.facts_until > hour)
    order by hour, s.value
""")
_MEND_HOURS = (
    text("delete from usage_hour where tenant_id = :tenant_id and type_id = :type_id and hour = :hour"),
    text(
        "insert into usage_hour (tenant_id, type_id, hour, slot, facts)"
        " select :tenant_id, :type_id, :hour, 0, :facts where :facts > 0"
    ),
)


def mend_hours(session: Session, tenant_id: UUID) -> list[tuple[str, datetime, int, int]]:
    """Count the facts of every hour anew and put right what differs, hours that have none any more too.

    To be called while ingestion is held.

    Hours of archived months stay as they are: most of their facts are away.

    Returns:
        Type, hour, what was told, and what is there, of those that differed.
    """
    wrong = session.execute(_WRONG_HOURS, {"tenant_id": tenant_id}).all()
    for row in wrong:
        for statement in _MEND_HOURS:
            session.execute(
                statement, {"tenant_id": tenant_id, "type_id": row.type_id, "hour": row.hour, "facts": row.facts}
            )
    return [(row.type, row.hour, int(row.told), int(row.facts)) for row in wrong]
