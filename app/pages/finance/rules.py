"""Rules in plain words, in their order, with what each takes now (pure)."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from app.i18n import gettext as _
from app.pages.formats import money, percent
from app.pages.words import meter_name
from billing.chargebacks.allocation import RuleDocument, Sentence
from billing.chargebacks.views import Chart, RuleView
from metering.reads import METERS

__all__ = ("RuleRow", "method_name", "rule_amounts", "rule_rows", "say", "starter_rules")


# The longest name first: `courses.transactions` is a family, `courses.transactions.net` one of it.
_METER = re.compile(
    "|".join(re.escape(name) for name in sorted({*METERS, "courses.transactions"}, key=len, reverse=True))
)


@dataclass(frozen=True, slots=True)
class RuleRow:
    """One rule as the page lists it."""

    position: int
    key: str
    method: str
    share: str
    sentence: str
    effect: str


def rule_rows(rules: Sequence[RuleView], effects: Mapping[str, str]) -> tuple[RuleRow, ...]:
    """Return the rules; `effects` are amounts by key, as `rule_amounts` gives them."""
    return tuple(
        RuleRow(
            position=rule.position,
            key=rule.document.key,
            method=method_name(rule.document.method),
            share="" if rule.document.share == "1" else percent(Fraction(rule.document.share)),
            sentence=" ".join(say(sentence) for sentence in rule.sentences),
            effect=effects.get(rule.document.key, ""),
        )
        for rule in rules
    )


def say(sentence: Sentence) -> str:
    """Return a sentence in the reader's language."""
    text = _(sentence.message)
    return text % {name: _named(value) for name, value in sentence.params.items()} if sentence.params else text


def _named(value: str) -> str:
    """Return a parameter with meters by their names: `seats.named.peak` → Named seats, peak."""
    return _METER.sub(lambda found: f"“{meter_name(found[0])}”", value)


def rule_amounts(charts: Sequence[Chart]) -> dict[str, str]:
    """Return what each rule divides, in every currency."""
    amounts: dict[str, list[str]] = {}
    for chart in charts:
        for node in chart.nodes:
            if node.kind == "rule":
                amounts.setdefault(node.label, []).append(money(node.amount))
    return {key: ", ".join(texts) for key, texts in amounts.items()}


def method_name(method: str) -> str:
    """Return what a method is called."""
    names = {
        "direct": _("Direct"),
        "fixed_share": _("Fixed shares"),
        "even": _("Even"),
        "headcount": _("Headcount"),
        "driver": _("Driver"),
        "residual": _("Residual"),
    }
    return names.get(method, method)


def starter_rules() -> tuple[RuleDocument, ...]:
    """Return rules to begin with: usage where it is known, headcount for the rest."""
    return (
        RuleDocument(key="usage", method="direct", params={"on_zero": "next", "unassigned": "next"}),
        RuleDocument(key="everyone", method="headcount", params={"on_zero": "next"}),
        RuleDocument(key="rest", method="residual", params={"mode": "suspense"}),
    )
