"""The shapes in which the demo world is described."""

from dataclasses import dataclass, field, fields

__all__ = ("CentreSpec", "Crowd", "CustomerSpec", "EntitySpec", "Rates")


@dataclass(frozen=True, slots=True)
class EntitySpec:
    """A company of the vendor that issues invoices."""

    key: str
    name: str
    address: str
    country: str
    tax_id: str
    base_currency: str
    number_prefix: str
    iban: str = ""


@dataclass(frozen=True, slots=True)
class CentreSpec:
    """A cost centre. `weight` says how many of the people it carries, relative to its siblings."""

    code: str
    name: str
    parent: str | None = None
    weight: int = 1


@dataclass(frozen=True, slots=True)
class Crowd:
    """How many people of which kind. All but the employees are first seen in an event."""

    employees: int = 0
    partners: int = 0
    customers: int = 0
    public: int = 0
    guests: int = 0
    services: int = 2
    tests: int = 2
    joiners_a_month: int = 0
    leavers_a_month: int = 0

    @staticmethod
    def scaled_names() -> tuple[str, ...]:
        """Return the fields that grow with the world."""
        return ("employees", "partners", "customers", "public", "guests", "joiners_a_month", "leavers_a_month")


@dataclass(frozen=True, slots=True)
class Rates:
    """How much happens in a month. `rhythm` shapes the hours: office, shop, campus or evening."""

    rhythm: str = "office"
    session_minutes: int = 25
    class_size: int = 10
    keyed_classes: bool = False
    paid_currency: str = ""
    sessions: int = 0
    activities: int = 0
    contributions: int = 0
    acceptances: int = 0
    members: int = 0
    membership_moves: int = 0
    web_courses: int = 0
    simulations: int = 0
    programs: int = 0
    classes: int = 0
    purchases: int = 0
    seats: int = 0
    seat_moves: int = 0

    @staticmethod
    def scaled_names() -> tuple[str, ...]:
        """Return the fields that grow with the world."""
        fixed = ("rhythm", "session_minutes", "class_size", "keyed_classes", "paid_currency")
        return tuple(f.name for f in fields(Rates) if f.name not in fixed)


@dataclass(frozen=True, slots=True)
class CustomerSpec:
    """A customer: its contract, its people, its habits. `holidays` are `MM-DD`, of every year.

    `billed_months` says for how long it is billed here; its facts of the months before were brought
    along when it moved in, as customers do.
    """

    slug: str
    name: str
    entity: str
    country: str
    time_zone: str
    currency: str
    address: str
    tax_id: str
    tax_treatment: str = "standard"
    purchase_order: str = ""
    parent: str = ""
    plan: str = ""
    addons: tuple[str, ...] = ()
    billed_months: int = 12
    holidays: tuple[str, ...] = ()
    centres: tuple[CentreSpec, ...] = ()
    crowd: Crowd = field(default_factory=Crowd)
    rates: Rates = field(default_factory=Rates)
    key_prefix: str = "p"
