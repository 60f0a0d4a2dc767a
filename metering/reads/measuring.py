"""The one function behind every figure: API, evidence, invoice, late delta and chargeback driver."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from functools import cached_property
from itertools import groupby

from sqlalchemy.orm import Session

from core.periods import Period
from metering.buckets import consecutive
from metering.columns.registry import COLUMN_METERS, ColumnReader
from metering.directory import Directory
from metering.facts import Fact, sorted_facts
from metering.grounds import Grounds
from metering.measurement import Measurement, Reader
from metering.policies import CountingPolicies, policy_hash
from metering.reads.answering import Answering
from metering.reads.archives import refuse_archived
from metering.reads.columns import ColumnFigures, Shared
from metering.reads.custom_meters import find_spec
from metering.reads.days import Folds, Wanted
from metering.reads.extracts import load_extracted
from metering.reads.facts import Corrections, Selection, corrections, known_people, load_selected, ties_broken
from metering.reads.leases import LeasedPoolView, leased_facts, leased_pools, leasing
from metering.reads.policies import bound_policies
from metering.reads.seat_use import SeatUses, seat_use
from metering.reads.stamps import facts_counted
from metering.registry import FactSpan, LoadedGrounds, MeterSpec
from tenants.people import People
from tenants.reads import TenantView, attribution, tenant_now

__all__ = ("Measuring", "Reading", "load_grounds", "measure")


@dataclass(frozen=True, slots=True)
class Reading:
    """How to read: under which policies (None: those in force), as recorded when, at what time."""

    policies: CountingPolicies | None = None
    as_of: datetime | None = None
    now: datetime | None = None


def measure(
    session: Session,
    tenant: TenantView,
    meter: str,
    period: Period,
    *,
    policy: CountingPolicies | None = None,
    as_of: datetime | None = None,
    now: datetime | None = None,
) -> Measurement:
    """Return a meter's figure for a period, with who was counted and who was not.

    Args:
        session: scoped to the tenant.
        tenant: whose usage.
        meter: a built-in one's name, a custom one's exact name (`lab.hours@2`) or its key for the newest.
        period: `[starts_at, ends_at)`.
        policy: the reading; None is the one in force at the start of the period.
        as_of: facts, corrections, merges and assignments recorded up to it (inclusive).
        now: cuts the session figures of a period that has not ended; None counts it in full.

    Raises:
        MeterUnknown: there is no such meter (`meter_unknown`).
    """
    return Measuring(session, tenant, Reading(policy, as_of, now)).measure(meter, period)


def load_grounds(session: Session, tenant: TenantView, spec: MeterSpec, period: Period, reading: Reading) -> Grounds:
    """Return everything that the meter's figure of a period, or of any part of it, depends on."""
    return Measuring(session, tenant, reading).grounds(spec, period)


SHORTEST_DAY_US = 20 * 3_600 * 1_000_000
"""Shorter periods hold no whole day that could be folded."""
IN_COLUMNS = 5_000
"""Facts of which bare figures are read from columns: each takes 16 bytes there, and 730 as a fact."""
FOLDS_BEYOND = 2_000_000
"""More facts than that are told by folded days where those can tell a bare figure: their number does not grow with it.

Seen with 10,000 people: a million take 0.9 s from columns and 2.3 s from folded days, three million 2.9 s and 2.7 s."""
_ANY_TIME = datetime.min.replace(tzinfo=UTC)
_A_YEAR = timedelta(days=366)


class Measuring(Answering):
    """Measures a tenant's meters at one moment: what several figures share is read once.

    For use within one transaction that writes nothing that figures depend on. A bill asks for many
    meters of many periods; people, assignments and most facts are the same for all of them.
    """

    def __init__(self, session: Session, tenant: TenantView, reading: Reading | None = None) -> None:
        self._session = session
        self._tenant = tenant
        self._reading = reading or Reading()
        self._loaded: dict[tuple[tuple[str, ...], str, str], LoadedGrounds] = {}
        self._specs: dict[str, MeterSpec] = {}
        self._shelf: dict[tuple[str, tuple[str, ...], FactSpan], list[Fact]] | None = None
        """Facts that several policies share; nothing is held here for one policy alone."""
        self._thinned: tuple[object, LoadedGrounds] | None = None
        self._in_columns: list[tuple[tuple[str, ...], Period]] = []
        """Types and periods of which columns were read for bare figures."""

    def under(self, policies: CountingPolicies) -> "Measuring":
        """Return what measures the same facts and people under another policy: they are read once for both."""
        other = Measuring(self._session, self._tenant, replace(self._reading, policies=policies))
        if self._shelf is None:
            self._shelf = {}
        other._specs, other._shelf = self._specs, self._shelf
        # What is cached under a property's name is that property's value.
        shared = ("_leased_pools", "_corrections", "_people", "_directory", "_columns")
        other.__dict__ |= {name: getattr(self, name) for name in shared}
        return other

    def spec(self, meter: str) -> MeterSpec:
        """Return the meter of that name.

        Raises:
            MeterUnknown: there is none (`meter_unknown`).
        """
        if meter not in self._specs:
            self._specs[meter] = find_spec(self._session, self._tenant.id, meter)
        return self._specs[meter]

    def measure(self, meter: str, period: Period) -> Measurement:
        """Return a meter's figure for a period, as `measure` does."""
        return self._reader(meter, period)(period)

    def figure(self, meter: str, period: Period) -> Fraction:
        """Return the figure alone: that of `measure`, sooner."""
        spec = self.spec(meter)
        read = self._column_reader(spec, period)
        if read is None and not self._at_hand(spec, period):
            read = self._column_reader(spec, period) if self._reads_columns(spec, period) else None
        if read is not None:
            return read(period).quantity
        return self._reader(meter, period, bare=True).figure(period)

    def grouped(self, meter: str, period: Period, names: Sequence[str] = ()) -> Measurement:
        """Return a figure whose entries stand for all that share the keys `names`; without names it has none.

        The figure is that of `measure` and so are the sums by those keys, sooner: from columns where they tell it.
        """
        spec = self.spec(meter)
        read = self._by_columns(spec, period, names)
        if read is not None:
            return read(period)
        if names:
            return self.measure(meter, period)
        additive = spec.additive if spec.custom else None
        return Measurement(spec.name, period, spec.unit, self.figure(meter, period), (), (), additive)

    def prepare_grouped(self, meter: str, periods: Sequence[Period], names: Sequence[str] = ()) -> None:
        """Read in one go what `grouped` needs for consecutive periods of one policy."""
        whole = Period(periods[0].starts_at, periods[-1].ends_at)
        spec = self.spec(meter)
        if self._by_columns(spec, whole, names) is None:
            self.prepare(spec, periods)

    def _by_columns(self, spec: MeterSpec, period: Period, names: Sequence[str]) -> ColumnReader | None:
        if spec.family == "sessions" and self._leased_pools:
            return None  # leases are no columns
        return self._columns.reader(spec, period, self._policies(period.starts_at), names)

    def _reads_columns(self, spec: MeterSpec, whole: Period) -> bool:
        """Read columns for the bare figures of a period and its parts, if they are many facts and columns tell them."""
        if spec.name not in COLUMN_METERS:
            return False
        policies = self._policies(whole.starts_at)
        types, span = spec.fact_types(policies), spec.span(whole, policies)
        count = facts_counted(self._session, self._tenant.id, types, span)
        if count < IN_COLUMNS or (count > FOLDS_BEYOND and _by_folds(spec, bare=True)):
            return False
        if self._by_columns(spec, whole, ()) is None:
            return False
        self._in_columns.append((types, whole))
        return True

    def _column_reader(self, spec: MeterSpec, period: Period) -> ColumnReader | None:
        """Return what tells the bare figure from columns that were read for that."""
        types = spec.fact_types(self._policies(period.starts_at)) if self._in_columns else ()
        for told, whole in self._in_columns:
            if told == types and whole.starts_at <= period.starts_at and period.ends_at <= whole.ends_at:
                return self._by_columns(spec, period, ())
        return None

    def _read_again(self, spec: MeterSpec, *, people: bool) -> None:
        """Let facts that were read before they were counted be read again, and people where they were counted, too.

        Else people stay: they are most of what there is to read, and whoever is new with the facts has them read
        again anyway.
        """
        family = self._family(spec)
        kept = {kind: loaded for kind, loaded in self._loaded.items() if kind[1] != family and not people}
        self._loaded, self._thinned, self._shelf, self._in_columns = kept, None, None, []
        for name in ("_columns", *(("_corrections", "_people", "_directory") if people else ())):
            self.__dict__.pop(name, None)

    def _reader(self, meter: str, period: Period, *, bare: bool = False) -> Reader:
        spec = self.spec(meter)
        folded = self._folded(spec, period) if _by_folds(spec, bare=bare) else None
        loaded = folded or self._covering(spec, period)
        if spec.name not in loaded.readers:
            loaded.readers[spec.name] = spec.reader(loaded.grounds)
        return loaded.readers[spec.name]

    def grounds(self, spec: MeterSpec, period: Period) -> Grounds:
        """Return what the meter's figure of a period, or of any part of it, depends on."""
        return self._covering(spec, period).grounds

    def _folded(self, spec: MeterSpec, period: Period) -> LoadedGrounds | None:
        """Return grounds that answer for exactly this period, from folded days; None where facts are quicker."""
        policies = self._policies(period.starts_at)
        types = spec.fact_types(policies)
        if not self._folds.worth(types, [period]):
            return None
        kind = (types, policy_hash(policies), period)
        if self._thinned is None or self._thinned[0] != kind:
            wanted = Wanted(types, period, self._people, self._corrections, self._reading.as_of)
            span = FactSpan(period.starts_at, period.ends_at)
            facts = self._of_known_people(self._folds.load(wanted))
            # What was folded of a month that is away goes back with this transaction.
            refuse_archived(self._session, self._tenant, types, span)
            grounds = self._grounds_of(facts, policies)
            self._thinned = kind, LoadedGrounds(period.starts_at, span, grounds)
        return self._thinned[1]

    @cached_property
    def _folds(self) -> Folds:
        return Folds(self._session, self._tenant, self._reading.now or tenant_now(self._session, self._tenant))

    def _at_hand(self, spec: MeterSpec, period: Period) -> bool:
        """Return whether the facts of a period were read."""
        policies = self._policies(period.starts_at)
        known = self._loaded.get(self._kind(spec, policies))
        return known is not None and known.answers(_first(spec, period), spec.span(period, policies))

    def _kind(self, spec: MeterSpec, policies: CountingPolicies) -> tuple[tuple[str, ...], str, str]:
        return spec.fact_types(policies), self._family(spec), policy_hash(policies)

    def _covering(self, spec: MeterSpec, period: Period) -> LoadedGrounds:
        policies = self._policies(period.starts_at)
        types, span, kind = spec.fact_types(policies), spec.span(period, policies), self._kind(spec, policies)
        known, first = self._loaded.get(kind), _first(spec, period)
        if known is None or not known.answers(first, span):
            if spec.family == "seats":
                # What a contract year includes is reckoned beside the month, from the same facts.
                first -= _A_YEAR
            if known is not None and span.since is None:
                first = min(first, known.first)
                span = FactSpan(None, max(known.span.until, span.until) if known.span.until and span.until else None)
            known = self._loaded[kind] = LoadedGrounds(first, span, self._load(spec, types, (first, span), policies))
        return known

    @staticmethod
    def _family(spec: MeterSpec) -> str:
        """Return what shares facts: what is taken of them is a custom meter's own."""
        return spec.family if spec.custom is None else spec.name

    def _load(
        self, spec: MeterSpec, types: tuple[str, ...], wanted: tuple[datetime, FactSpan], policies: CountingPolicies
    ) -> Grounds:
        first, span = wanted
        acts_since = spec.acts_since(first, policies)
        if acts_since is not None:
            standing = self._facts(spec, spec.types, span)
            acts = self._facts(spec, tuple(policies.members.active_types), FactSpan(acts_since, span.until))
            return self._grounds_of(sorted_facts([*standing, *acts]), policies)
        facts = self._facts(spec, types, span)
        if spec.family == "seats":
            session, tenant_id, as_of = self._session, self._tenant.id, self._reading.as_of
            uses = SeatUses(facts, self._people, (first, span.until), policies)
            used = seat_use(session, tenant_id, uses, self._corrections, as_of)
            facts = ties_broken(session, tenant_id, sorted_facts([*facts, *used]), self._people)
        return self._grounds_of(facts, policies)

    def _grounds_of(self, facts: list[Fact], policies: CountingPolicies) -> Grounds:
        return Grounds(
            facts=facts,
            directory=self._directory,
            policies=policies,
            tz=self._tenant.tz,
            holidays=self._tenant.holidays,
            now=self._reading.now,
        )

    def _facts(self, spec: MeterSpec, types: tuple[str, ...], span: FactSpan) -> list[Fact]:
        if self._shelf is None:
            return self._read(spec, types, span)
        # What is taken of a fact is a custom meter's own.
        place = (spec.name if spec.custom else "", types, span)
        if place not in self._shelf:
            self._shelf[place] = self._read(spec, types, span)
        return self._shelf[place]

    def _read(self, spec: MeterSpec, types: tuple[str, ...], span: FactSpan) -> list[Fact]:
        session, tenant_id, as_of = self._session, self._tenant.id, self._reading.as_of
        selection = Selection(types, span)
        if spec.custom is None:
            facts = load_selected(session, tenant_id, selection, self._corrections, as_of)
        else:
            facts = load_extracted(session, tenant_id, spec.custom, (selection, self._corrections), as_of)
        if spec.family == "sessions":
            facts = sorted_facts([*facts, *leased_facts(session, tenant_id, span, self._leased_pools)])
        facts = self._of_known_people(facts)
        # Asked after they were read: a month that left meanwhile is told, one that leaves later was whole.
        refuse_archived(session, self._tenant, types, span)
        return facts

    def _of_known_people(self, facts: list[Fact]) -> list[Fact]:
        """Return the facts with ties broken; people are read again where one came after they were read."""
        if not {fact.identity_id for fact in facts} <= self._people.identities().keys():
            for name in ("_people", "_directory", "_columns"):
                self.__dict__.pop(name, None)
        return ties_broken(self._session, self._tenant.id, facts, self._people)

    def _folded_run(self, spec: MeterSpec, periods: Sequence[Period]) -> bool:
        types = spec.fact_types(self._policies(periods[0].starts_at))
        return periods[0].duration_us >= SHORTEST_DAY_US and self._folds.worth(types, periods)

    def prepare(self, spec: MeterSpec, periods: Sequence[Period], *, folds: bool = True, bare: bool = False) -> None:
        """Read what the meter's figures of periods need, once for each run of them and policy in force.

        Not where folded days tell them: those are so few that each period reads its own. `bare`: who was counted is
        not asked for.
        """
        for run in consecutive(periods):
            for _, together in groupby(run, key=lambda period: policy_hash(self._policies(period.starts_at))):
                read = list(together)
                whole = Period(read[0].starts_at, read[-1].ends_at)
                if bare and self._reads_columns(spec, whole):
                    continue
                if not (folds and _by_folds(spec, bare=bare) and self._folded_run(spec, read)):
                    self._covering(spec, whole)

    def _policies(self, instant: datetime) -> CountingPolicies:
        if self._reading.policies is not None:
            return leasing(self._reading.policies, self._leased_pools)
        return self._policies_at(instant)

    @cached_property
    def _leased_pools(self) -> Mapping[str, LeasedPoolView]:
        return leased_pools(self._session, self._tenant.id)

    @cached_property
    def _policies_at(self) -> Callable[[datetime], CountingPolicies]:
        return bound_policies(self._session, self._tenant.id)

    @cached_property
    def _corrections(self) -> Corrections:
        if self._may_keep:
            _ = self._kept  # counts before anything that it tells the number of is loaded
        return corrections(self._session, self._tenant.id, self._reading.as_of)

    @cached_property
    def _people(self) -> People:
        return known_people(self._session, self._tenant.id, self._corrections, self._reading.as_of)

    @cached_property
    def _columns(self) -> ColumnFigures:
        reading = self._reading
        shared = Shared(self._people, self._corrections, reading.as_of, reading.now, self._grounds_of)
        return ColumnFigures(self._session, self._tenant, shared)

    @cached_property
    def _directory(self) -> Directory:
        people = self._people  # first: it has everything counted that must be
        carried = attribution(self._session, self._tenant.id, self._reading.as_of)
        return Directory(people, carried)


def _by_folds(spec: MeterSpec, *, bare: bool) -> bool:
    return spec.folds or (bare and spec.folds_figure)


def _first(spec: MeterSpec, period: Period) -> datetime:
    """Return since when what is read must be of use.

    Only the use of seats is read for what was freed since a period's start, and acts for who is idle in it.
    """
    return period.starts_at if spec.family == "seats" or spec.which == "idle" else _ANY_TIME
