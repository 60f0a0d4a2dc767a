"""The finance chart of a stored run or of a preview: labels for the flows."""

from collections.abc import Iterable, Mapping
from uuid import UUID

from sqlalchemy.orm import Session

from billing.chargebacks.allocation import Allocation
from billing.chargebacks.flows import FlowNode, sankey_of
from billing.chargebacks.reads.runs import allocation_of, run_lines
from billing.chargebacks.views import Chart, ChartLink, ChartNode, PoolLineView, Preview
from tenants.reads import all_cost_centres

__all__ = ("preview_sankey", "sankey")


def sankey(session: Session, tenant_id: UUID, run_id: UUID, centres_max: int = 40) -> tuple[Chart, ...]:
    """Return a run's flows, one chart per currency: invoice lines → rules → cost centres, gross.

    Raises:
        NotFound: there is no such run (`not_found`).
    """
    allocation = allocation_of(session, tenant_id, run_id)
    names = _names(session, tenant_id)
    return _charts(allocation, run_lines(session, tenant_id, run_id), names, centres_max)


def preview_sankey(session: Session, tenant_id: UUID, preview: Preview, centres_max: int = 40) -> tuple[Chart, ...]:
    """Return the flows of a preview, which is stored nowhere."""
    return _charts(preview.allocation, preview.lines, _names(session, tenant_id), centres_max)


def _names(session: Session, tenant_id: UUID) -> dict[str, str]:
    return {centre.code: centre.name for centre in all_cost_centres(session, tenant_id)}


def _charts(
    allocation: Allocation, lines: Iterable[PoolLineView], names: Mapping[str, str], centres_max: int
) -> tuple[Chart, ...]:
    described = {line.key: line.description for line in lines}
    return tuple(
        Chart(
            chart.currency,
            tuple(ChartNode(n.id, n.kind, _label(n, described, names), n.amount) for n in chart.nodes),
            tuple(ChartLink(link.source, link.target, link.amount) for link in chart.links),
        )
        for chart in sankey_of(allocation, centres_max)
    )


def _label(node: FlowNode, described: Mapping[str, str], names: Mapping[str, str]) -> str:
    if node.kind == "line":
        return described[node.key]
    name = names.get(node.key, "") if node.kind == "centre" else ""
    return f"{node.key} {name}" if name and name != node.key else node.key
