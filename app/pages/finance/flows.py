"""The Sankey of a run: invoice lines → rules → cost centres (pure)."""

from dataclasses import dataclass

from app.i18n import gettext as _
from app.pages.charts import Flow, Link, Node
from app.pages.finance.accounts import account_name
from app.pages.formats import money
from billing.chargebacks.views import Chart, ChartNode
from core.money import Money

__all__ = ("Drawing", "drawing")

DEPTH = {"line": 0, "rule": 1, "centre": 2, "account": 2, "others": 2}
TONE = {"line": 0, "rule": 2, "centre": 4, "account": 5, "others": 7}


@dataclass(frozen=True, slots=True)
class Drawing:
    """A chart and what it cannot show."""

    flow: Flow
    note: str


def drawing(chart: Chart) -> Drawing:
    """Return the flows of one currency; money that flows back cannot be drawn and is named instead."""
    forward = [link for link in chart.links if link.amount.amount_minor > 0]
    back = [link.amount for link in chart.links if link.amount.amount_minor < 0 and link.source.startswith("line:")]
    used = {end for link in forward for end in (link.source, link.target)}
    flow = Flow(
        title=_("From the bill's lines through the rules to cost centres, gross in %(currency)s")
        % {"currency": chart.currency},
        nodes=tuple(
            Node(node.id, _label(node), DEPTH[node.kind], TONE[node.kind]) for node in chart.nodes if node.id in used
        ),
        links=tuple(Link(link.source, link.target, link.amount.text()) for link in forward),
        value_name=_("Gross"),
        currency=chart.currency,
    )
    return Drawing(flow, _note(back, chart.currency))


def _label(node: ChartNode) -> str:
    if node.kind == "account":
        return account_name(node.label, {})
    if node.kind == "others":
        return _("Other cost centres")
    return _("Suspense") if node.label == "~suspense" else node.label


def _note(back: list[Money], currency: str) -> str:
    if not back:
        return ""
    total = sum(back, Money(0, currency))
    return _("Credits of %(amount)s cannot be drawn; the table of cost centres has them.") % {"amount": money(total)}
