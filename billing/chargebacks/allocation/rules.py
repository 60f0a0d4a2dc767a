"""Rules: what a tenant writes down, read and checked."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import msgspec

from billing.chargebacks.allocation.direct import Direct
from billing.chargebacks.allocation.driver import Driver
from billing.chargebacks.allocation.even import Even
from billing.chargebacks.allocation.exact import exact, percent_text
from billing.chargebacks.allocation.fixed_share import FixedShare
from billing.chargebacks.allocation.headcount import Headcount
from billing.chargebacks.allocation.inputs import Line
from billing.chargebacks.allocation.method import Method
from billing.chargebacks.allocation.residual import Residual
from billing.chargebacks.allocation.sentences import N_, Sentence
from core.errors import InputError

__all__ = ("METHODS", "SUSPENSE_RULE", "Match", "Rule", "RuleDocument", "faults", "read_rules", "sentence")

METHODS: dict[str, type[Method]] = {
    method.name: method for method in (Direct, FixedShare, Even, Headcount, Driver, Residual)
}
"""All methods by name; a new one is a module and an entry here."""


class Match(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Which lines a rule looks at: each list narrows, an empty one takes all.

    Attributes:
        charge_key: keys of the plan's charges.
        meter: meters; `courses.transactions` also takes `courses.transactions.charged`.
        consumer: slugs of the tenants that used it (a payer's children).
        kind: kinds of line (`usage`, `late`, `refund`, `carried` …).
    """

    charge_key: tuple[str, ...] = ()
    meter: tuple[str, ...] = ()
    consumer: tuple[str, ...] = ()
    kind: tuple[str, ...] = ()

    def takes(self, line: Line) -> bool:
        """Return whether the line is one of those."""
        return (
            (not self.charge_key or line.charge_key in self.charge_key)
            and (not self.consumer or line.consumer in self.consumer)
            and (not self.kind or line.kind in self.kind)
            and (not self.meter or any(_is_meter(line.meter, wanted) for wanted in self.meter))
        )

    @property
    def takes_all(self) -> bool:
        """Whether it takes every line."""
        return not (self.charge_key or self.meter or self.consumer or self.kind)


EVERYTHING = Match()


class RuleDocument(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A rule as it is written in the API and stored.

    Attributes:
        key: the rule's name in statements, unique in its set.
        method: a name in `METHODS`.
        share: the part of what reaches the rule that it takes, in (0, 1]; the rest goes on.
        match: which lines.
        params: the method's parameters.
    """

    key: str
    method: str
    share: str = "1"
    match: Match = EVERYTHING
    params: dict[str, Any] = msgspec.field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule that was read: rules of a set are tried in their order, the first that matches takes its share."""

    key: str
    method: Method
    share: Fraction = Fraction(1)
    match: Match = EVERYTHING

    @property
    def takes_the_rest(self) -> bool:
        """Whether nothing of a line that it matches can reach the next rule."""
        method = self.method
        return self.share == 1 and not method.passes_zero and not method.passes_unassigned


SUSPENSE_RULE = Rule("~suspense", Residual())
"""What no rule took waits here: the end of every set, so that nothing is lost."""


def read_rules(documents: Sequence[RuleDocument]) -> tuple[tuple[Rule, ...], tuple[InputError, ...]]:
    """Read rules in their order.

    Returns:
        The rules that could be read, and what is wrong with the others, by JSON pointer.
    """
    rules: list[Rule] = []
    errors: list[InputError] = []
    for position, document in enumerate(documents):
        read = _read(document)
        if isinstance(read, Rule):
            rules.append(read)
        else:
            errors.append(InputError(f"/rules/{position}{read.pointer}", read.code, read.detail))
    return tuple(rules), tuple(errors)


def faults(rules: Sequence[Rule], centres: frozenset[str], meters: frozenset[str]) -> Iterator[InputError]:
    """Yield what is wrong with a set of rules, given the cost centres and meters that exist."""
    keys: set[str] = set()
    closed_by: str | None = None
    for position, rule in enumerate(rules):
        at = f"/rules/{position}"
        if rule.key in keys:
            yield InputError(f"{at}/key", "rule_key_duplicate", f"There are two rules '{rule.key}'; rename one.")
        keys.add(rule.key)
        if closed_by is not None:
            detail = f"Rule '{closed_by}' takes everything before '{rule.key}'; move it down or narrow its match."
            yield InputError(at, "rule_unreachable", detail)
        elif rule.match.takes_all and rule.takes_the_rest and type(rule.method).applies is Method.applies:
            closed_by = rule.key
        for fault in rule.method.faults():
            yield InputError(f"{at}/params{fault.pointer}", fault.code, fault.detail)
        for code in sorted(set(rule.method.named_centres()) - centres):
            detail = f"There is no cost centre '{code}' then; create it with PUT /v1/cost-centres or correct the code."
            yield InputError(f"{at}/params", "cost_centre_unknown", detail)
        for meter in sorted({*rule.method.named_meters()} - meters):
            detail = f"There is no meter '{meter}'; GET /v1/meters lists them. Give custom ones their version: hours@1."
            yield InputError(f"{at}/params", "meter_unknown", detail)


def sentence(rule: Rule) -> tuple[Sentence, ...]:
    """Return the rule in plain words: which lines, how much of them, and how it divides that."""
    said = list(_match_sentences(rule.match)) or [Sentence(N_("All lines."))]
    if rule.share != 1:
        share = {"share": percent_text(rule.share)}
        said.append(Sentence(N_("Takes %(share)s of what reaches it and leaves the rest to the next rules."), share))
    said.extend(rule.method.sentences())
    return tuple(said)


def _read(document: RuleDocument) -> Rule | InputError:
    method = METHODS.get(document.method)
    if method is None:
        detail = f"There is no method '{document.method}'; use one of {', '.join(sorted(METHODS))}."
        return InputError("/method", "method_unknown", detail)
    if not document.key.strip() or document.key.startswith("~"):
        return InputError("/key", "rule_key_invalid", "Give the rule a key that does not begin with '~'.")
    share = exact(document.share)
    if share is None or not 0 < share <= 1:
        return InputError(
            "/share", "share_invalid", "A rule takes a share above 0 and up to 1, written like 0.7 or 2/3."
        )
    try:
        params = msgspec.convert(document.params, method)
    except msgspec.ValidationError as error:
        return InputError("/params", "params_invalid", f"The parameters do not fit '{document.method}': {error}.")
    return Rule(document.key, params, share, document.match)


def _match_sentences(match: Match) -> Iterator[Sentence]:
    if match.charge_key:
        yield Sentence(N_("Only lines of the charges %(keys)s."), {"keys": ", ".join(match.charge_key)})
    if match.meter:
        yield Sentence(N_("Only lines that count %(meters)s."), {"meters": ", ".join(match.meter)})
    if match.consumer:
        yield Sentence(N_("Only lines used by %(consumers)s."), {"consumers": ", ".join(match.consumer)})
    if match.kind:
        yield Sentence(N_("Only lines of kind %(kinds)s."), {"kinds": ", ".join(match.kind)})


def _is_meter(meter: str | None, wanted: str) -> bool:
    return meter is not None and (meter == wanted or meter.startswith(f"{wanted}."))
