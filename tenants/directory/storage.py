"""Where SCIM reads and writes: each operation is one action in one transaction of its own."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Union
from uuid import UUID

from scim2_models import (
    InvalidValueException,
    Meta,
    NotFoundException,
    PreconditionFailedException,
    Resource,
    ResourceType,
    ResponseParameters,
    ScimFilter,
    SearchRequest,
    TooManyException,
    UniquenessException,
)
from scim2_models.path import CompareOperator, Comparison, FilterNode, LogicalExpr, LogicalOperator
from scim2_server.storage import ScimStorage, SearchPage
from scim2_server.utils import parametrize
from sqlalchemy.exc import DataError
from sqlalchemy.orm import Session

from core.db import Database
from core.errors import NotFound, Refused
from core.scope import TenantScope
from tenants.directory.actions.provision_group import (
    GroupInput,
    change_group,
    change_members,
    create_group,
    remove_group,
)
from tenants.directory.actions.provision_user import change_user, create_user, remove_user
from tenants.directory.errors import DirectoryNameTaken, MemberUnknown
from tenants.directory.membership import Membership, wants_members
from tenants.directory.protocol import DirectoryService
from tenants.directory.reads import (
    GroupRow,
    UserRow,
    count_groups,
    count_users,
    get_group,
    get_user,
    groups_of,
    groups_where,
    members_of,
    users_where,
)
from tenants.directory.store import lock_group, lock_user
from tenants.reads import TenantView, tenant_now

__all__ = ("CANDIDATES_MAX", "DirectoryStorage")

CANDIDATES_MAX = 5_000
"""How many resources a filter is tried on, one by one; ids and names are looked up, however many there are."""
_NOT_KEPT = ("id", "meta", "groups", "password")
_COLUMNS = {"username": "name", "displayname": "name", "externalid": "external_id", "id": "id"}


class DirectoryStorage(ScimStorage):
    """One customer's directory."""

    def __init__(
        self, service: DirectoryService, database: Database, tenant: TenantView, actor: str, *, writes: bool,
        members: bool,
    ) -> None:  # fmt: skip
        """Serve one request; with `members` the answer to a change of a group names them."""
        self._service, self._database, self._tenant, self._actor = service, database, tenant, actor
        self._writes, self._members = writes, members
        self._open: Session | None = None

    @contextmanager
    def operation(self) -> Iterator[None]:
        """Run in a transaction of its own; a refusal is told in SCIM's words."""
        try:
            with self._database.begin(TenantScope(self._tenant.id)) as session:
                self._open = session
                yield
        except DirectoryNameTaken as refusal:
            raise UniquenessException(detail=refusal.detail) from refusal
        except NotFound as refusal:
            raise NotFoundException(detail=refusal.detail) from refusal
        except Refused as refusal:
            raise InvalidValueException(detail=refusal.detail) from refusal
        except DataError as error:
            raise InvalidValueException(detail="A text has the character NUL in it. Take it out.") from error
        finally:
            self._open = None

    @property
    def _session(self) -> Session:
        assert self._open is not None, "storage is used within an operation"
        return self._open

    @property
    def _now(self) -> datetime:
        return tenant_now(self._session, self._tenant)

    def get(
        self,
        resource_type: ResourceType,
        resource_id: str,
        *,
        response_parameters: ResponseParameters[Any] | None = None,
    ) -> Resource[Any]:
        """Return a user or a group, whole unless it is asked for without members."""
        asked = response_parameters
        members = asked is None or wants_members(asked.attributes, asked.excluded_attributes)
        return self.load(resource_type, resource_id, members=members)

    def load(self, resource_type: ResourceType, resource_id: str, *, members: bool) -> Resource[Any]:
        """Return a user or a group, with or without its members; what is about to be changed is locked first."""
        key, tenant_id = _uuid(resource_id), self._tenant.id
        if resource_type.name == "User":
            if self._writes:
                lock_user(self._session, tenant_id, key)
            return self._users([get_user(self._session, tenant_id, key)])[0]
        if self._writes:
            lock_group(self._session, tenant_id, key)
        return self._groups([get_group(self._session, tenant_id, key)], members=members)[0]

    def create(self, resource_type: ResourceType, resource: Resource[Any]) -> Resource[Any]:
        """Take a user or a group in."""
        document = _document(resource)
        if resource_type.name == "User":
            made = create_user(self._session, self._tenant, document, self._actor, self._now)
        else:
            made = create_group(self._session, self._tenant, _group(document), self._actor, self._now)
        return self.load(resource_type, str(made), members=self._members)

    def update(
        self, resource_type: ResourceType, resource: Resource[Any], *, expected_version: str | None = None
    ) -> Resource[Any]:
        """Change a user or a group to what is given whole."""
        resource_id = str(resource.id)
        self._check(resource_type, resource_id, expected_version)
        document, key = _document(resource), _uuid(resource_id)
        if resource_type.name == "User":
            change_user(self._session, self._tenant, key, document, self._actor, self._now)
        else:
            change_group(self._session, self._tenant, key, _group(document), self._actor, self._now)
        return self.load(resource_type, resource_id, members=self._members)

    def move_members(self, resource_type: ResourceType, resource_id: str, change: Membership) -> Resource[Any]:
        """Let users join and leave a group; of its other members nothing is read."""
        key = _uuid(resource_id)
        change_members(self._session, self._tenant, key, change, self._actor, self._now)
        return self.load(resource_type, resource_id, members=self._members)

    def delete(self, resource_type: ResourceType, resource_id: str, *, expected_version: str | None = None) -> None:
        """Forget a user, who leaves with it, or a group."""
        self._check(resource_type, resource_id, expected_version)
        remove = remove_user if resource_type.name == "User" else remove_group
        remove(self._session, self._tenant, _uuid(resource_id), self._actor, self._now)

    def _check(self, resource_type: ResourceType, resource_id: str, expected: str | None) -> None:
        stored = self.load(resource_type, resource_id, members=False)
        if expected is not None and stored.meta is not None and stored.meta.version != expected:
            raise PreconditionFailedException

    def search(
        self, resource_types: list[ResourceType], search_request: SearchRequest[Any], *, position: Any = None
    ) -> SearchPage:
        """Return a page of what is found: users first, each kind by id."""
        del position  # pages are told by index
        names = [kind for kind in ("User", "Group") if kind in {one.name for one in resource_types}]
        start, count = search_request.start_index or 1, search_request.count or 0
        members = wants_members(search_request.attributes, search_request.excluded_attributes)
        if search_request.filter is not None:
            members = members or "members" in str(search_request.filter).lower()
            found = self._matching(names, search_request.filter, members=members)
            return SearchPage(len(found), found[start - 1 : start - 1 + count])
        totals = {name: self._count(name, {}) for name in names}
        page: list[Resource[Any]] = []
        skipped = start - 1
        for name in names:
            wanted = count - len(page)
            if wanted and skipped < totals[name]:
                page += self._load(name, {}, skipped, wanted, members=members)
            skipped = max(0, skipped - totals[name])
        return SearchPage(sum(totals.values()), page)

    def _matching(self, names: Sequence[str], wanted: ScimFilter[Any], *, members: bool) -> list[Resource[Any]]:
        equal = _equalities(wanted.ast)
        if equal is None:
            return []
        if sum(self._count(name, equal) for name in names) > CANDIDATES_MAX:
            raise TooManyException(
                detail=f"The filter would be tried on more than {CANDIDATES_MAX} resources."
                " Ask by id, externalId, userName or displayName with 'eq', also together with more by 'and'."
            )
        found = [one for name in names for one in self._load(name, equal, 0, CANDIDATES_MAX, members=members)]
        if found and not wanted.models:
            models = tuple(dict.fromkeys(type(one) for one in found))
            wanted = parametrize(ScimFilter, Union[models])(str(wanted))  # noqa: UP007
        return [one for one in found if wanted.match(one)]

    def _count(self, name: str, equal: Mapping[str, str]) -> int:
        count = count_users if name == "User" else count_groups
        return count(self._session, self._tenant.id, equal)

    def _load(
        self, name: str, equal: Mapping[str, str], offset: int, limit: int, *, members: bool
    ) -> list[Resource[Any]]:
        if name == "User":
            return self._users(users_where(self._session, self._tenant.id, equal, offset, limit))
        return self._groups(groups_where(self._session, self._tenant.id, equal, offset, limit), members=members)

    def _users(self, rows: Sequence[UserRow]) -> list[Resource[Any]]:
        groups = groups_of(self._session, self._tenant.id, [row.id for row in rows])
        return [
            self._resource("User", row, dict(row.document) | {
                "groups": [
                    {"value": str(group), "display": name, "$ref": f"Groups/{group}", "type": "direct"}
                    for group, name in groups.get(row.id, ())
                ] or None
            })
            for row in rows
        ]  # fmt: skip

    def _groups(self, rows: Sequence[GroupRow], *, members: bool) -> list[Resource[Any]]:
        inside = members_of(self._session, self._tenant.id, [row.id for row in rows]) if members else {}
        return [
            self._resource("Group", row, {
                "displayName": row.display_name,
                "externalId": row.external_id,
                "members": [
                    {"value": str(user), "display": display, "$ref": f"Users/{user}", "type": "User"}
                    for user, display in inside.get(row.id, {}).items()
                ] or None,
            })
            for row in rows
        ]  # fmt: skip

    def _resource(self, name: str, row: UserRow | GroupRow, document: Mapping[str, Any]) -> Resource[Any]:
        model = self._service.get_model(self._service.get_resource_type(name))
        resource = model.model_validate({**document, "id": str(row.id)})
        resource.meta = Meta(
            resource_type=name, created=row.created_at, last_modified=row.modified_at, version=f'W/"{row.version}"'
        )
        return resource


def _document(resource: Resource[Any]) -> dict[str, Any]:
    document: dict[str, Any] = resource.model_dump(mode="json")
    for name in _NOT_KEPT:
        document.pop(name, None)
    return document


def _group(document: Mapping[str, Any]) -> GroupInput:
    members: dict[UUID, str | None] = {}
    for member in document.get("members") or ():
        try:
            members[UUID(str(member.get("value")))] = member.get("display")
        except ValueError:
            raise MemberUnknown(str(member.get("value"))) from None
    return GroupInput(document["displayName"], document.get("externalId"), members)


def _uuid(resource_id: str) -> UUID:
    try:
        return UUID(resource_id)
    except ValueError:
        raise NotFoundException(detail=f"There is nothing of the id '{resource_id}'.") from None


def _equalities(node: FilterNode) -> dict[str, str] | None:
    """Return what a filter demands of columns, wherever else it looks; None where nothing can fulfil it."""
    terms = node.terms if isinstance(node, LogicalExpr) and node.op == LogicalOperator.and_ else (node,)
    equal: dict[str, str] = {}
    for term in terms:
        if not isinstance(term, Comparison) or term.op != CompareOperator.eq or not isinstance(term.value, str):
            continue
        path = term.attr_path
        column = _COLUMNS.get(path.attr.lower()) if path.sub_attr is None else None
        if column is None:
            continue
        value = term.value.casefold() if column == "name" else term.value
        if column == "id":
            try:
                value = str(UUID(value))
            except ValueError:
                return None
        if equal.setdefault(column, value) != value:
            return None
    return equal
