"""What the API of pools and leases takes and answers."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec
from msgspec import UNSET, Meta, UnsetType

from metering.leases import CountBy, Stretch
from plans.licensing.actions.issue_licence import LicenceWish
from plans.licensing.floating import Mode, PoolRules, Share
from plans.licensing.licences import LICENCE, LicenceView
from plans.licensing.quotas import Quota
from plans.licensing.reads import DenialLine, DenialView, PoolView
from plans.licensing.signing import signed

__all__ = (
    "DenialsAnswer",
    "LeaseAnswer",
    "LeaseBody",
    "LicenceAnswer",
    "LicenceBody",
    "LicencePage",
    "PoolAnswer",
    "PoolBody",
    "PoolChange",
    "PoolLive",
    "PoolPage",
    "QuotaAnswer",
    "QuotaBody",
    "RevocationsAnswer",
    "RevokeBody",
    "SignedLicence",
)

PoolKey = Annotated[str, Meta(min_length=1, max_length=100, pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]
Name = Annotated[str, Meta(max_length=200)]
Seats = Annotated[int, Meta(ge=0, le=10_000_000)]
Percent = Annotated[int, Meta(ge=0, le=1_000)]
LeaseSeconds = Annotated[int, Meta(ge=1, le=86_400)]
LingerSeconds = Annotated[int, Meta(ge=0, le=86_400)]
BorrowSeconds = Annotated[int, Meta(ge=0, le=604_800)]
Handle = Annotated[str, Meta(min_length=1, max_length=200, pattern="^[^\\x00]*$")]
"""A text that a client chooses; PostgreSQL takes no U+0000."""
Group = Annotated[str, Meta(max_length=100, pattern="^[^\\x00]*$")]


class PoolBody(msgspec.Struct, forbid_unknown_fields=True):
    """A floating pool; `key` is the name that the suite's sessions give it."""

    key: PoolKey
    seats: Seats
    mode: Mode = "hard"
    name: Name = ""
    overdraft: Seats = 0
    overdraft_percent: Percent = 0
    count_by: CountBy | None = None
    """What counts once; by default what the contract says. It never changes."""
    lease_s: LeaseSeconds = 900
    linger_s: LingerSeconds = 0
    borrow_max_s: BorrowSeconds = 0
    borrow_keep: Seats = 0
    groups: dict[Group, Share] = {}

    def rules(self, count_by: CountBy) -> PoolRules:
        """Return the rules that it states."""
        said = {name: getattr(self, name) for name in PoolRules.__struct_fields__ if hasattr(self, name)}
        return PoolRules(**said | {"count_by": count_by, "shares": self.groups})


class PoolChange(msgspec.Struct, forbid_unknown_fields=True):
    """What is to be different; the rest stays."""

    seats: Seats | UnsetType = UNSET
    mode: Mode | UnsetType = UNSET
    name: Name | UnsetType = UNSET
    overdraft: Seats | UnsetType = UNSET
    overdraft_percent: Percent | UnsetType = UNSET
    lease_s: LeaseSeconds | UnsetType = UNSET
    linger_s: LingerSeconds | UnsetType = UNSET
    borrow_max_s: BorrowSeconds | UnsetType = UNSET
    borrow_keep: Seats | UnsetType = UNSET
    groups: dict[Group, Share] | UnsetType = UNSET

    def changes(self) -> dict[str, Any]:
        """Return the fields of the rules that are stated."""
        said = {name: value for name, value in msgspec.structs.asdict(self).items() if value is not UNSET}
        if "groups" in said:
            said["shares"] = said.pop("groups")
        return said


class PoolAnswer(msgspec.Struct):
    """A pool's rules; `capacity` is how many may be in at once, null where it only counts."""

    key: str
    name: str
    mode: Mode
    seats: int
    capacity: int | None
    overdraft: int
    overdraft_percent: int
    count_by: CountBy
    lease_s: int
    linger_s: int
    borrow_max_s: int
    borrow_keep: int
    groups: dict[str, Share]
    changed_at: datetime

    @classmethod
    def of(cls, view: PoolView) -> "PoolAnswer":
        """Return a pool as JSON shows it."""
        return cls(**_pool(view))


def _pool(view: PoolView) -> dict[str, Any]:
    rules = view.rules
    plain = {name: getattr(rules, name) for name in PoolRules.__struct_fields__ if name != "shares"}
    capacity = None if rules.mode == "soft" else rules.capacity
    return plain | {
        "name": view.name, "capacity": capacity, "groups": rules.shares, "changed_at": view.changed_at
    }  # fmt: skip


class PoolPage(msgspec.Struct):
    """The tenant's pools by key."""

    items: list[PoolAnswer]
    next_cursor: str | None = None


class LeaseBody(msgspec.Struct, forbid_unknown_fields=True):
    """Somebody wants in.

    `client_key` is the client's own: the same again is the same lease, so that a lost answer costs no
    seat; by default the header Idempotency-Key. `borrow_s` asks for an offline grant of that length.
    """

    person: Handle
    client_key: Handle | None = None
    device: Handle | None = None
    group: Group = ""
    borrow_s: Annotated[int, Meta(ge=0, le=2_147_483_647)] = 0


class LeaseAnswer(msgspec.Struct):
    """A lease, open until `expires_at`; heartbeat by `heartbeat_before`, a third of its time."""

    id: UUID
    pool: str
    client_key: str
    group: str
    device: str | None
    starts_at: datetime
    expires_at: datetime
    heartbeat_before: datetime
    borrowed: bool
    overdrawn: bool
    """Let in above the pool's limit."""
    grant: str | None = None
    """A signed offline grant, where one was asked for."""

    @classmethod
    def of(cls, stretch: Stretch, grant: str | None = None) -> "LeaseAnswer":
        """Return a lease as JSON shows it."""
        return cls(
            id=stretch.lease_id,
            pool=stretch.pool,
            client_key=stretch.client_key,
            group=stretch.group_key,
            device=stretch.device_id,
            starts_at=stretch.starts_at,
            expires_at=stretch.ends_at,
            heartbeat_before=stretch.ends_at if stretch.borrowed else stretch.next_beat,
            borrowed=stretch.borrowed,
            overdrawn=stretch.overdrawn,
            grant=grant,
        )


class InsideAnswer(msgspec.Struct):
    """Somebody who is in."""

    lease_id: UUID
    person_id: UUID
    group: str
    device: str | None
    since: datetime
    expires_at: datetime
    borrowed: bool
    lingering: bool
    """Has left, and still holds the seat."""

    @classmethod
    def of(cls, stretch: Stretch, person_id: UUID, *, lingering: bool) -> "InsideAnswer":
        """Return an open or lingering stretch as JSON shows it."""
        return cls(
            stretch.lease_id, person_id, stretch.group_key, stretch.device_id, stretch.starts_at, stretch.ends_at,
            stretch.borrowed, lingering,
        )  # fmt: skip


class PoolLive(PoolAnswer):
    """A pool as it is at `now`: seats in use, and who is in."""

    now: datetime
    in_use: int
    free: int | None
    """Null where the pool only counts."""
    borrowed: int
    overdrawn: int
    leases: list[InsideAnswer]

    @classmethod
    def at(cls, view: PoolView, now: datetime, leases: list[InsideAnswer], in_use: int) -> "PoolLive":
        """Return a pool with who is in."""
        pool = _pool(view)
        capacity = pool["capacity"]
        return cls(
            **pool,
            now=now,
            in_use=in_use,
            free=None if capacity is None else max(0, capacity - in_use),
            borrowed=sum(lease.borrowed for lease in leases),
            overdrawn=max(0, in_use - view.rules.seats),
            leases=leases,
        )


class DenialAnswer(msgspec.Struct):
    """Somebody who was not let in; a true denial had no grant to the same person within ten minutes.

    While those are not over and nothing was granted, it is `undecided`, and not a true one yet.
    """

    id: UUID
    at: datetime
    person_id: UUID
    client_key: str
    group: str
    reason: str
    in_use: int
    seats: int
    true_denial: bool
    undecided: bool


class DenialLineAnswer(msgspec.Struct):
    """Denials of an hour (UTC), a group and a reason."""

    hour: datetime
    group: str
    reason: str
    denials: int
    true_denials: int


class DenialsAnswer(msgspec.Struct):
    """Denials within `[from, to)`: counted, and the newest of them one by one, as far as they are kept so (90 days)."""

    denials: int
    true_denials: int
    by_hour: list[DenialLineAnswer]
    items: list[DenialAnswer]

    @classmethod
    def of(cls, found: list[DenialView], lines: list[DenialLine], persons: Mapping[int, UUID]) -> "DenialsAnswer":
        """Return a report as JSON shows it."""
        items = [
            DenialAnswer(
                view.id, view.at, persons[view.identity_id], view.client_key, view.group, view.reason.value,
                view.in_use, view.seats, view.true, view.open,
            )
            for view in found
        ]  # fmt: skip
        by_hour = [
            DenialLineAnswer(line.hour, line.group, line.reason.value, line.denials, line.true) for line in lines
        ]
        return cls(sum(line.denials for line in lines), sum(line.true for line in lines), by_hour, items)


class QuotaBody(msgspec.Struct, forbid_unknown_fields=True):
    """So much is to be used up; the same `client_key` again uses nothing more."""

    client_key: Handle
    quantity: Annotated[int, Meta(ge=1, le=1_000_000_000)] = 1


class QuotaAnswer(msgspec.Struct):
    """What is used of a feature in the billing period that ends at `until`; `limit` and `left` null: no limit."""

    feature: str
    used: int
    limit: int | None
    left: int | None
    until: datetime

    @classmethod
    def of(cls, quota: Quota) -> "QuotaAnswer":
        """Return a quota as JSON shows it."""
        return cls(quota.feature, quota.used, quota.limit, quota.left, quota.ends_at)


class LicenceBody(msgspec.Struct, forbid_unknown_fields=True):
    """What a licence file should be; what is left out follows the contract."""

    subscription: Handle | None = None
    """Id or key of the contract; not needed where only one runs."""
    name: Annotated[str, Meta(max_length=200, pattern="^[^\\x00]*$")] = ""
    """What it is for, for instance the installation."""
    valid_from: Annotated[datetime, Meta(tz=True)] | None = None
    """Included; now by default."""
    valid_until: Annotated[datetime, Meta(tz=True)] | None = None
    """Not included; by default 30 days later, or the contract's next change if that comes first."""
    fingerprint: Annotated[str, Meta(max_length=200, pattern="^[^\\x00]*$")] = ""
    """The one machine on which it is valid, in your own notation; empty: any."""

    def wish(self) -> LicenceWish:
        """Return it as the action takes it."""
        return LicenceWish(self.subscription, self.name, self.valid_from, self.valid_until, self.fingerprint)


class LicenceAnswer(msgspec.Struct):
    """A licence file without its signature: `status` is valid, scheduled, expired or revoked."""

    id: UUID
    subscription_id: UUID
    name: str
    status: str
    issued_at: datetime
    valid_from: datetime
    valid_until: datetime
    fingerprint: str
    revoked_at: datetime | None
    revoked_reason: str

    @classmethod
    def of(cls, view: LicenceView, now: datetime) -> "LicenceAnswer":
        """Return a licence file as JSON shows it."""
        return cls(
            view.id, view.subscription_id, view.name, view.status(now), view.issued_at, view.starts_at,
            view.ends_at, view.fingerprint, view.revoked_at, view.revoked_reason,
        )  # fmt: skip


class SignedLicence(msgspec.Struct):
    """A licence file: `licence` is the compact JWS, `claims` what stands in it."""

    about: LicenceAnswer
    licence: str
    claims: dict[str, Any]

    @classmethod
    def of(cls, view: LicenceView, now: datetime) -> "SignedLicence":
        """Return a licence file, signed."""
        return cls(LicenceAnswer.of(view, now), signed(LICENCE, view.claims), view.claims)


class LicencePage(msgspec.Struct):
    """Some licence files, the newest first."""

    items: list[LicenceAnswer]
    next_cursor: UUID | None


class RevokeBody(msgspec.Struct, forbid_unknown_fields=True):
    """Why a licence file is recalled."""

    reason: Handle


class RevocationsAnswer(msgspec.Struct):
    """The revocation list as compact JWS, and how many stand in it."""

    revocations: str
    count: int
