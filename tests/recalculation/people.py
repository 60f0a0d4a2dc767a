"""Who somebody is at an instant, and which cost centres carry them on a day."""

from datetime import date, datetime
from fractions import Fraction

from tests.recalculation.facts import Fact

CLASS_WEIGHT = {"member": 1, "guest": 1, "anonymous": 0, "service": 0, "test": 0}
AUDIENCE_WEIGHT = {
    "employee": Fraction(1),
    "partner": Fraction(6, 10),
    "customer": Fraction(3, 10),
    "public": Fraction(0),
}


class Crowd:
    """Class and audience of everyone, as events and imports stated them, and when people left."""

    def __init__(self, imported: list[tuple[str, datetime, str, str]], facts: list[Fact]) -> None:
        self.classes: dict[str, list[tuple[datetime, str]]] = {}
        self.audiences: dict[str, list[tuple[datetime, str]]] = {}
        self.left: dict[str, datetime] = {}
        for person, since, person_class, audience in imported:
            self.classes[person] = [(since, person_class)]
            self.audiences[person] = [(since, audience)]
        for fact in facts:
            about = fact.data.get("person") or {}
            if "class" in about:
                self.classes.setdefault(fact.person, []).append((fact.at, about["class"]))
            if "audience" in about:
                self.audiences.setdefault(fact.person, []).append((fact.at, about["audience"]))
            if fact.type == "person.deactivated" and fact.person not in self.left:
                self.left[fact.person] = fact.at
        for known in (*self.classes.values(), *self.audiences.values()):
            known.sort(key=lambda item: item[0])

    def class_weight(self, person: str, at: datetime) -> int:
        return CLASS_WEIGHT[_held(self.classes.get(person), at, "member")]

    def member_weight(self, person: str, at: datetime, audience: str | None = None) -> Fraction:
        """Return class weight × audience weight; a fact may name its own audience."""
        audience = audience or _held(self.audiences.get(person), at, "employee")
        return self.class_weight(person, at) * AUDIENCE_WEIGHT[audience]

    def heaviest(self, person: str, low: datetime, high: datetime, audience: str | None = None) -> Fraction:
        """Return the greatest weight the person had at any instant of `[low, high)`."""
        changes = [since for since, _ in (*self.classes.get(person, ()), *self.audiences.get(person, ()))]
        instants = [low, *(since for since in changes if low < since < high)]
        return max(self.member_weight(person, at, audience) for at in instants)


def _held(known: list[tuple[datetime, str]] | None, at: datetime, otherwise: str) -> str:
    """Return the last value stated at or before `at`; before the first one, the first one."""
    if not known:
        return otherwise
    value = known[0][1]
    for since, stated in known:
        if since <= at:
            value = stated
    return value


class Organisation:
    """Placements as reported so far."""

    def __init__(self, placements: list[tuple[str, date, tuple[tuple[str, int], ...]]]) -> None:
        self.by_person: dict[str, dict[date, tuple[tuple[str, int], ...]]] = {}
        for person, valid_from, shares in placements:
            self.by_person.setdefault(person, {})[valid_from] = shares

    def shares(self, person: str, day: date) -> dict[str | None, Fraction]:
        """Return centre → share; {None: 1} where nobody carries the person that day."""
        begun = [since for since in self.by_person.get(person, {}) if since <= day]
        if not begun:
            return {None: Fraction(1)}
        weights = self.by_person[person][max(begun)]
        whole = sum(weight for _, weight in weights)
        return {code: Fraction(weight, whole) for code, weight in weights}
