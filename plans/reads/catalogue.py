"""Plans, their published versions and, for the vendor, drafts."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, exists, func, select, true
from sqlalchemy.orm import Session, aliased

from core.errors import NotFound
from core.lists import any_of
from core.scope import VENDOR_ID
from plans.documents import PlanDocument, parse_document
from plans.errors import VersionRetired
from plans.models import Plan, PlanDraft, PlanFamily, PlanVersion

__all__ = (
    "DraftView",
    "PlanView",
    "VersionView",
    "all_drafts",
    "draft",
    "get_plan",
    "get_version",
    "list_plans",
    "new_drafts",
    "newest_version",
    "plan_or_draft",
    "versions",
)


@dataclass(frozen=True, slots=True)
class VersionView:
    """A published version of a plan."""

    id: UUID
    plan_key: str
    number: int
    document: PlanDocument
    content_hash: bytes
    published_at: datetime
    published_by: str
    retired_at: datetime | None


@dataclass(frozen=True, slots=True)
class PlanView:
    """A plan or an add-on with the version that new customers get, if one is sold."""

    key: str
    name: str
    family_key: str
    family_name: str
    kind: str
    rank: int
    newest: VersionView | None


@dataclass(frozen=True, slots=True)
class DraftView:
    """What will be a plan's next version."""

    plan_key: str
    name: str
    family_key: str
    kind: str
    rank: int
    number: int
    """The number it will get."""
    document: PlanDocument
    updated_at: datetime
    updated_by: str


@dataclass(frozen=True, slots=True)
class FamilyView:
    """Plans that are ordered from light to full."""

    key: str
    name: str


_VERSION = (
    PlanVersion.id,
    PlanVersion.plan_key,
    PlanVersion.number,
    PlanVersion.document,
    PlanVersion.content_hash,
    PlanVersion.published_at,
    PlanVersion.published_by,
    PlanVersion.retired_at,
)


def _version_views(session: Session, query: Select[*tuple[Any, ...]]) -> tuple[VersionView, ...]:
    views = []
    for row in session.execute(query):
        fields = dict(row._mapping)  # noqa: SLF001 - the documented way to a mapping
        fields["document"] = parse_document(fields["document"])
        views.append(VersionView(**fields))
    return tuple(views)


def versions(session: Session, plan_key: str) -> tuple[VersionView, ...]:
    """Return all published versions of a plan, newest first, retired ones too."""
    query = select(*_VERSION).where(PlanVersion.plan_key == plan_key).order_by(PlanVersion.number.desc())
    return _version_views(session, query)


def newest_version(session: Session, plan_key: str) -> VersionView:
    """Return the version that new customers get.

    Raises:
        NotFound: there is no such plan, or nothing of it is sold (`not_found`).
    """
    newest = get_plan(session, plan_key).newest
    if newest is None:
        raise NotFound("published version of plan", plan_key)
    return newest


def get_version(session: Session, plan_key: str, number: int, *, on_sale: bool = False) -> VersionView:
    """Return a version by number.

    Raises:
        NotFound: there is none (`not_found`).
        VersionRetired: `on_sale` is asked for, and it is not sold any more (`version_retired`).
    """
    query = select(*_VERSION).where(PlanVersion.plan_key == plan_key, PlanVersion.number == number)
    found = _version_views(session, query)
    if not found:
        raise NotFound("version of plan", f"{plan_key}/{number}")
    if on_sale and found[0].retired_at is not None:
        raise VersionRetired(plan_key, number)
    return found[0]


def versions_by_id(session: Session, ids: set[UUID]) -> dict[UUID, VersionView]:
    """Return versions by id; what was read once in a transaction is not read and parsed again: it never changes."""
    known: dict[UUID, VersionView] = session.info.setdefault("plan_versions", {})
    missing = ids - known.keys()
    if missing:
        query = select(*_VERSION).where(any_of(PlanVersion.id, missing))
        known |= {version.id: version for version in _version_views(session, query)}
    return {version_id: known[version_id] for version_id in ids}


def plan_names(session: Session, keys: set[str]) -> dict[str, str]:
    """Return what plans are called; likewise once in a transaction."""
    known: dict[str, str] = session.info.setdefault("plan_names", {})
    missing = keys - known.keys()
    if missing:
        known |= dict(session.execute(select(Plan.key, Plan.name).where(any_of(Plan.key, missing))).tuples().all())
    return {key: known[key] for key in keys}


def families(session: Session) -> tuple[FamilyView, ...]:
    """Return all plan families by key."""
    rows = session.execute(select(PlanFamily.key, PlanFamily.name).order_by(PlanFamily.key))
    return tuple(FamilyView(*row) for row in rows)


def list_plans(session: Session, kind: str | None = None) -> tuple[PlanView, ...]:
    """Return all plans and add-ons from light to full, with the newest version that is sold."""
    return _plan_views(session, () if kind is None else (Plan.kind == kind,))


def get_plan(session: Session, plan_key: str) -> PlanView:
    """Return a plan or an add-on.

    Raises:
        NotFound: there is none of that key (`not_found`).
    """
    found = _plan_views(session, (Plan.key == plan_key,))
    if not found:
        raise NotFound("plan", plan_key)
    return found[0]


def _plan_views(session: Session, wanted: tuple[ColumnElement[bool], ...]) -> tuple[PlanView, ...]:
    newer = aliased(PlanVersion)
    is_newest = ~exists().where(
        newer.plan_key == PlanVersion.plan_key, newer.number > PlanVersion.number, newer.retired_at.is_(None)
    )
    newest = _version_views(
        session,
        select(*_VERSION)
        .join(Plan, Plan.key == PlanVersion.plan_key)
        .where(PlanVersion.retired_at.is_(None), is_newest, *wanted),
    )
    by_plan = {version.plan_key: version for version in newest}
    rows = session.execute(
        select(Plan.key, Plan.name, Plan.family_key, PlanFamily.name, Plan.kind, Plan.rank)
        .join(PlanFamily, PlanFamily.key == Plan.family_key)
        .where(*wanted)
        .order_by(Plan.kind.desc(), Plan.family_key, Plan.rank, Plan.key)
    )
    return tuple(PlanView(*row, newest=by_plan.get(row.key)) for row in rows)


def next_number(session: Session, plan_key: str) -> int:
    """Return the number that the plan's next version gets."""
    last = session.execute(select(func.max(PlanVersion.number)).where(PlanVersion.plan_key == plan_key)).scalar_one()
    return (last or 0) + 1


def draft(session: Session, plan_key: str) -> DraftView | None:
    """Return the draft of a plan's next version; the vendor's scope sees it, others see none."""
    return next(iter(_drafts(session, PlanDraft.plan_key == plan_key)), None)


def all_drafts(session: Session) -> tuple[DraftView, ...]:
    """Return all drafts by key."""
    return _drafts(session, true())


def new_drafts(session: Session) -> tuple[DraftView, ...]:
    """Return the drafts of plans and add-ons of which nothing was published yet, by key."""
    return _drafts(session, PlanDraft.plan_key.not_in(select(Plan.key)))


def plan_or_draft(session: Session, plan_key: str) -> PlanView:
    """Return a plan, or what will be one when its first draft is published.

    Raises:
        NotFound: there is neither plan nor draft of that key (`not_found`).
    """
    try:
        return get_plan(session, plan_key)
    except NotFound:
        found = draft(session, plan_key)
        if found is None:
            raise
        names = {family.key: family.name for family in families(session)}
        family_name = names.get(found.family_key, found.family_key)
        return PlanView(plan_key, found.name, found.family_key, family_name, found.kind, found.rank, None)


def _drafts(session: Session, wanted: ColumnElement[bool]) -> tuple[DraftView, ...]:
    rows = session.execute(
        select(
            PlanDraft.plan_key,
            PlanDraft.name,
            PlanDraft.family_key,
            PlanDraft.kind,
            PlanDraft.rank,
            PlanDraft.document,
            PlanDraft.updated_at,
            PlanDraft.updated_by,
        )
        .where(PlanDraft.tenant_id == VENDOR_ID, wanted)
        .order_by(PlanDraft.plan_key)
    )
    views = []
    for row in rows:
        fields = dict(row._mapping)  # noqa: SLF001 - the documented way to a mapping
        fields["document"] = parse_document(fields["document"])
        views.append(DraftView(number=next_number(session, row.plan_key), **fields))
    return tuple(views)
