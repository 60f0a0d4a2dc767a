"""What events say about their subjects, written in the flight that stores the events.

So it is recorded exactly when the event is: never for a duplicate or a conflict.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection

from metering.ingest.packing import HERE, PRESENCE_TRAIT, PackedRow, Profile

__all__ = ("record_profiles", "record_traits")

_TRAITS = """
    insert into person_trait (tenant_id, identity_id, trait, valid_from, event_key, value)
    select %s, t.* from unnest(%s::bigint[], %s::text[], %s::timestamptz[], %s::uuid[], %s::text[])
        as t (identity_id, trait, valid_from, event_key, value)
    order by t.identity_id, t.trait, t.valid_from, t.event_key
    on conflict do nothing
"""

_PRESENCE = """
    insert into presence (tenant_id, statement_id, identity_id, said_at, here)
    select %s, t.* from unnest(%s::uuid[], %s::bigint[], %s::timestamptz[], %s::bool[])
        as t (statement_id, identity_id, said_at, here)
    order by t.statement_id
    on conflict do nothing
"""

_PERSON_OF = """
    coalesce(
        (select l.person_id from identity_link l
         where l.tenant_id = i.tenant_id and l.identity_id = i.id order by l.recorded_at desc limit 1),
        i.home_person_id)
"""

# Events that were on their way when somebody was erased bring nothing of them back.
_ERASED = "exists (select from erasure e where e.tenant_id = p.tenant_id and e.person_id = p.id)"

# What an event says fills what is empty; a person.updated overwrites. Whoever is changed, also by an
# external id afterwards, is locked in the order of ids, so that two flights never wait for each other in a ring.
_RENAMES = "(g.name <> '' and (g.replaces or p.name = '') or g.email <> '' and (g.replaces or p.email = ''))"
_NAMES = f"""
    with given as materialized (
        select distinct on (person_id) {_PERSON_OF} as person_id, name, email, replaces,
            bool_or(claims) over (partition by {_PERSON_OF}) as claims
        from unnest(%(ids)s::bigint[], %(names)s::text[], %(emails)s::text[], %(replaces)s::bool[], %(claims)s::bool[])
            as g (identity_id, name, email, replaces, claims)
        join identity i on i.tenant_id = %(tenant)s and i.id = g.identity_id
        order by person_id, g.replaces desc, g.identity_id
    ), held as materialized (
        select g.* from given g join person p on p.tenant_id = %(tenant)s and p.id = g.person_id
        where not {_ERASED} and (
            {_RENAMES} or g.claims and (p.external_id is null or g.replaces)
        )
        order by p.id for no key update of p
    )
    update person p
    set name = case when g.name <> '' and (g.replaces or p.name = '') then g.name else p.name end,
        email = case when g.email <> '' and (g.replaces or p.email = '') then g.email else p.email end
    from held g
    where p.tenant_id = %(tenant)s and p.id = g.person_id and not {_ERASED} and {_RENAMES}
"""  # noqa: S608 - made of constants

_OWNERS = f"""
    select i.id, {_PERSON_OF} as person_id, p.external_id,
           (select o.id from person o where o.tenant_id = %(tenant)s and o.external_id = g.external_id)
    from unnest(%(ids)s::bigint[], %(external_ids)s::text[]) as g (identity_id, external_id)
    join identity i on i.tenant_id = %(tenant)s and i.id = g.identity_id
    join person p on p.tenant_id = %(tenant)s and p.id = {_PERSON_OF} and not {_ERASED}
    order by i.id
"""  # noqa: S608 - made of constants


async def record_traits(connection: AsyncConnection[Any], tenant_id: UUID, rows: Sequence[PackedRow]) -> None:
    """Record what these events state from their time on: classes and audiences, and who left or is back."""
    told = [(trait, UUID(bytes=row.event_key)) for row in rows for trait in row.traits]
    stated = [one for one in told if one[0].trait != PRESENCE_TRAIT]
    if stated:
        await connection.execute(
            _TRAITS,
            (
                tenant_id,
                [trait.identity_id for trait, _ in stated],
                [trait.trait for trait, _ in stated],
                [trait.valid_from for trait, _ in stated],
                [key for _, key in stated],
                [trait.value for trait, _ in stated],
            ),
        )
    if len(stated) < len(told):
        present = [one for one in told if one[0].trait == PRESENCE_TRAIT]
        await connection.execute(
            _PRESENCE,
            (
                tenant_id,
                [key for _, key in present],
                [trait.identity_id for trait, _ in present],
                [trait.valid_from for trait, _ in present],
                [trait.value == HERE for trait, _ in present],
            ),
        )


async def record_profiles(connection: AsyncConnection[Any], tenant_id: UUID, rows: Sequence[PackedRow]) -> None:
    """Record names, e-mail addresses and external ids that these events state."""
    profiles: dict[int, Profile] = {}
    for row in rows:
        if row.profile is not None:
            known = profiles.get(row.profile.identity_id)
            profiles[row.profile.identity_id] = row.profile if known is None else _merged(known, row.profile)
    if not profiles:
        return
    given = [profiles[identity_id] for identity_id in sorted(profiles)]
    await connection.execute(
        _NAMES,
        {
            "tenant": tenant_id,
            "ids": [profile.identity_id for profile in given],
            "names": [profile.name or "" for profile in given],
            "emails": [profile.email or "" for profile in given],
            "replaces": [profile.replaces for profile in given],
            "claims": [profile.external_id is not None for profile in given],
        },
    )
    claims = [profile for profile in given if profile.external_id is not None]
    if claims:
        await _claim_external_ids(connection, tenant_id, claims, max(row.accepted_at for row in rows))


def _merged(first: Profile, second: Profile) -> Profile:
    """Return what two events together say of one subject: an update before other events, then the first."""
    one, other = (second, first) if second.replaces and not first.replaces else (first, second)
    return Profile(
        one.identity_id,
        one.name or other.name,
        one.email or other.email,
        one.external_id or other.external_id,
        one.replaces,
    )


async def _claim_external_ids(
    connection: AsyncConnection[Any], tenant_id: UUID, claims: Sequence[Profile], now: datetime
) -> None:
    """Give persons the external ids that their events state; an id of somebody else's joins the two.

    Two identities with one external id are one person: from now on the later one is linked to whom
    the id belongs to. Facts stay as they are, and the link can be undone by another one.
    """
    wanted = {claim.identity_id: claim for claim in claims}
    cursor = await connection.execute(
        _OWNERS,
        {"tenant": tenant_id, "ids": list(wanted), "external_ids": [claim.external_id for claim in wanted.values()]},
    )
    # The read knows nothing of what this loop gives: two may state one id for the first time in one flight.
    owners: dict[str | None, UUID] = {}
    for identity_id, person_id, external_id, found in await cursor.fetchall():
        claim = wanted[identity_id]
        owner_id = owners.get(claim.external_id, found)
        if owner_id is None and (claim.replaces or (external_id is None and person_id not in owners.values())):
            owners[claim.external_id] = person_id
            await connection.execute(
                "update person set external_id = %s where tenant_id = %s and id = %s",
                (claim.external_id, tenant_id, person_id),
            )
        elif owner_id is not None and owner_id != person_id:
            await connection.execute(
                "insert into identity_link (tenant_id, identity_id, recorded_at, person_id) values (%s, %s, %s, %s)"
                " on conflict do nothing",
                (tenant_id, identity_id, now, owner_id),
            )
