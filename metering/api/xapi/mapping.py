"""The tenant's mapping of statements to events: the built-in table, what is added to it, and what it makes of one."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from litestar import Controller, delete, get, post, put
from litestar.openapi.spec import OpenAPIMediaType, Operation, RequestBody, Schema
from litestar.params import Parameter
from msgspec import Meta, Struct
from sqlalchemy.orm import Session

from core.db import Database
from core.settings import secret_keys
from metering.actions.change_xapi_mapping import (
    RuleInput,
    add_directory,
    put_rule,
    remove_directory,
    remove_rule,
)
from metering.actions.forget_actor import forget_actor
from metering.actions.remap_statements import remap_statements
from metering.reads.statements import tenant_mapping, unmetered_statements
from metering.xapi.faults import MAX_FIELDS, MAX_LENGTH
from metering.xapi.rules import ANY, BUILT_IN, MappingRule
from metering.xapi.sealing import Vault
from metering.xapi.trial import Trial, tried
from tenants.principal import Principal, require
from tenants.reads import TenantView, tenant_now
from tenants.roles import Permission

__all__ = ("route_handlers",)

Iri = Annotated[str, Meta(min_length=3, max_length=MAX_LENGTH)]


class RuleBody(Struct, forbid_unknown_fields=True):
    """A row: `event_type` null says that the verb is known and never metered."""

    verb: Iri
    event_type: str | None
    activity_type: Annotated[str, Meta(min_length=1, max_length=MAX_LENGTH)] = ANY
    data: Annotated[dict[str, Annotated[str, Meta(max_length=MAX_LENGTH)]], Meta(max_length=MAX_FIELDS)] = {}


class RuleAnswer(Struct):
    """A row, and whether it is built in."""

    verb: str
    activity_type: str
    event_type: str | None
    data: dict[str, str]
    built_in: bool

    @classmethod
    def of(cls, rule: MappingRule, *, built_in: bool) -> "RuleAnswer":
        """Render a row."""
        return cls(rule.verb, rule.activity_type, rule.event_type, dict(rule.data), built_in)


class MappingAnswer(Struct):
    """The whole table; the tenant's own rows come first and win."""

    rules: list[RuleAnswer]
    directories: list[str]


class DirectoryBody(Struct, forbid_unknown_fields=True):
    """A home page whose account names are the tenant's own keys of people."""

    home_page: Iri


class RemapBody(Struct, forbid_unknown_fields=True):
    """Where to begin: `next_after` of the answer before."""

    after: datetime | None = None


class RemapAnswer(Struct):
    """What was looked at; `next_after` is null where nothing is left."""

    looked_at: int
    metered: int
    next_after: datetime | None


class ForgetBody(Struct, forbid_unknown_fields=True):
    """Whose originals."""

    agent: dict[str, Any]
    """With an identifier, as statements have it."""


class ForgottenAnswer(Struct):
    """`found` tells whether there were any."""

    found: bool


class UnmeteredItem(Struct):
    """Statements of one kind that make no event, and why."""

    verb: str
    activity_type: str
    reason: str
    statements: int
    last_stored_at: str


class UnmeteredAnswer(Struct):
    """The most frequent kinds."""

    items: list[UnmeteredItem]


class TrialItem(Struct):
    """What a statement would become: `reason` says why it makes no event, or one that would be refused."""

    verb: str
    activity_type: str
    rule: RuleAnswer | None
    """The row that fits it; null where none does."""
    event: dict[str, Any] | None
    reason: str
    detail: str

    @classmethod
    def of(cls, trial: Trial) -> "TrialItem":
        """Render one."""
        rule = RuleAnswer.of(trial.row, built_in=not trial.own) if trial.row is not None else None
        event = dict(trial.event) if trial.event is not None else None
        return cls(trial.verb, trial.activity_type, rule, event, trial.reason, trial.detail)


class TrialAnswer(Struct):
    """Each statement of the request, in its order."""

    items: list[TrialItem]


@dataclass
class TryOperation(Operation):
    """The body is read as the statement resource reads it."""

    def __post_init__(self) -> None:
        said = Schema(description="A statement of xAPI 1.0.3 or 2.0, or an array of them, as it would be sent.")
        self.request_body = RequestBody(required=True, content={"application/json": OpenAPIMediaType(schema=said)})


class MappingController(Controller):
    """What the statements of the tenant's systems mean."""

    path = "/v1/xapi"
    tags = ("xapi",)

    @get("/mapping", sync_to_thread=True)
    def show(self, principal: Principal, session: Session, tenant: TenantView) -> MappingAnswer:
        """Show the mapping of verbs and activity types to event types."""
        require(principal, Permission.USAGE_READ)
        found = tenant_mapping(session, tenant.id)
        rules = [RuleAnswer.of(rule, built_in=False) for rule in found.rules]
        rules += [RuleAnswer.of(rule, built_in=True) for rule in BUILT_IN]
        return MappingAnswer(rules, sorted(found.directories))

    @put("/mapping/rules", sync_to_thread=True)
    def put_rule(self, principal: Principal, session: Session, tenant: TenantView, data: RuleBody) -> RuleAnswer:
        """Add or change a row; it holds for statements from now on, and by `remap` for those before."""
        require(principal, Permission.EVENTS_WRITE)
        rule = MappingRule(data.verb, data.activity_type, data.event_type, data.data)
        put_rule(session, tenant.id, RuleInput(rule, principal.actor, tenant_now(session, tenant)))
        return RuleAnswer.of(rule, built_in=False)

    @delete("/mapping/rules", sync_to_thread=True)
    def remove_rule(
        self, principal: Principal, session: Session, tenant: TenantView, verb: str,
        activity_type: Annotated[str, Parameter(query="activity_type")] = ANY,
    ) -> None:  # fmt: skip
        """Take a row of the tenant's own away."""
        require(principal, Permission.EVENTS_WRITE)
        remove_rule(session, tenant.id, verb, activity_type, principal.actor)

    @post("/mapping/directories", sync_to_thread=True)
    def add_directory(
        self, principal: Principal, session: Session, tenant: TenantView, data: DirectoryBody
    ) -> DirectoryBody:
        """Say that the accounts of a home page are named by the tenant's own keys of people."""
        require(principal, Permission.PEOPLE_WRITE)
        add_directory(session, tenant.id, data.home_page, principal.actor, tenant_now(session, tenant))
        return data

    @delete("/mapping/directories", sync_to_thread=True)
    def remove_directory(self, principal: Principal, session: Session, tenant: TenantView, home_page: str) -> None:
        """Take that back."""
        require(principal, Permission.PEOPLE_WRITE)
        remove_directory(session, tenant.id, home_page, principal.actor)

    @post("/try", sync_to_thread=True, status_code=200, operation_class=TryOperation)
    def try_out(self, principal: Principal, session: Session, tenant: TenantView, body: bytes) -> TrialAnswer:
        """Say what statements would become; nothing is stored."""
        require(principal, Permission.USAGE_READ)
        trials = tried(body, tenant_mapping(session, tenant.id), tenant_now(session, tenant))
        return TrialAnswer([TrialItem.of(trial) for trial in trials])

    @post("/remap", sync_to_thread=True, status_code=200)
    def remap(self, principal: Principal, database: Database, tenant: TenantView, data: RemapBody) -> RemapAnswer:
        """Look again at statements that made no event, by the mapping as it is now; to repeat it is safe."""
        require(principal, Permission.EVENTS_WRITE)
        done = remap_statements(database, tenant, data.after, Vault(*secret_keys()))
        return RemapAnswer(done.looked_at, done.metered, done.next_after)

    @post("/forget", sync_to_thread=True, status_code=200)
    def forget(self, principal: Principal, session: Session, tenant: TenantView, data: ForgetBody) -> ForgottenAnswer:
        """Make the originals of an agent's statements unreadable for good. Facts and figures stay."""
        require(principal, Permission.PEOPLE_WRITE)
        return ForgottenAnswer(forget_actor(session, tenant.id, data.agent, principal.actor))

    @get("/unmetered", sync_to_thread=True)
    def unmetered(
        self, principal: Principal, session: Session, tenant: TenantView,
        limit: Annotated[int, Parameter(ge=1, le=500)] = 100,
    ) -> UnmeteredAnswer:  # fmt: skip
        """List what kinds of statements make no event, and why, the most frequent first."""
        require(principal, Permission.USAGE_READ)
        found = unmetered_statements(session, tenant.id, limit)
        return UnmeteredAnswer([
            UnmeteredItem(view.verb, view.activity_type, view.reason, view.statements, view.last_stored_at.isoformat())
            for view in found
        ])  # fmt: skip


route_handlers = (MappingController,)
