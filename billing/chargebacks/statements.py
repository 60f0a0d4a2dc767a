"""Statements are sums of leaves: one per cost centre or reserved account and currency (pure)."""

from collections.abc import Iterable
from dataclasses import dataclass

from billing.chargebacks.allocation import Allocation, Leaf
from core.money import Money

__all__ = ("StatementDraft", "statements_of")


@dataclass(frozen=True, slots=True)
class StatementDraft:
    """What one centre carries in one currency, and of which lines."""

    cost_centre: str
    currency: str
    leaves: tuple[Leaf, ...]

    @property
    def net_minor(self) -> int:
        """The sum of the leaves' net amounts."""
        return sum(leaf.net_minor for leaf in self.leaves)

    @property
    def tax_minor(self) -> int:
        """The sum of the leaves' taxes."""
        return sum(leaf.tax_minor for leaf in self.leaves)

    @property
    def gross_minor(self) -> int:
        """Net and tax together."""
        return self.net_minor + self.tax_minor

    @property
    def net(self) -> Money:
        """The net amount as money."""
        return Money(self.net_minor, self.currency)

    @property
    def tax(self) -> Money:
        """The tax as money."""
        return Money(self.tax_minor, self.currency)


def statements_of(allocation: Allocation) -> tuple[StatementDraft, ...]:
    """Group the leaves, by code, then currency; their sums are the pool's, per currency."""
    groups: dict[tuple[str, str], list[Leaf]] = {}
    for leaf in allocation.leaves:
        groups.setdefault((leaf.account, leaf.line.currency), []).append(leaf)
    drafts = tuple(StatementDraft(*key, tuple(leaves)) for key, leaves in sorted(groups.items()))
    _assert_whole(drafts, allocation.leaves)
    return drafts


def _assert_whole(drafts: Iterable[StatementDraft], leaves: Iterable[Leaf]) -> None:
    """Guard what everything stands on: statements add up to the lines, for net and for tax."""
    drafts = tuple(drafts)
    lines = {leaf.line.key: leaf.line for leaf in leaves}.values()
    for currency in {line.currency for line in lines}:
        mine = [draft for draft in drafts if draft.currency == currency]
        pool = [line for line in lines if line.currency == currency]
        assert sum(draft.net_minor for draft in mine) == sum(line.net_minor for line in pool)
        assert sum(draft.tax_minor for draft in mine) == sum(line.tax_minor for line in pool)
