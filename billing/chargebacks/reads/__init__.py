"""What the pages and the API may ask chargeback; answers are frozen values."""

from billing.chargebacks.reads.charts import preview_sankey, sankey
from billing.chargebacks.reads.drivers import codes_on, every_code, gather_inputs, to_lines
from billing.chargebacks.reads.journal import journal, period_state, period_states
from billing.chargebacks.reads.pools import (
    credited_before,
    first_unposted,
    get_pool,
    lines_by_id,
    open_lines,
    pool_of_invoice,
    pools,
)
from billing.chargebacks.reads.rules import current_rules, rule_views
from billing.chargebacks.reads.runs import allocation_of, get_run, run_lines, runs, stored_hash
from billing.chargebacks.reads.statements import explain_statement, statements
from billing.chargebacks.views import (
    Chart,
    ChartLink,
    ChartNode,
    PartView,
    PeriodView,
    PoolLineView,
    PoolView,
    Preview,
    RuleSetView,
    RuleView,
    RunView,
    StatementLineView,
    StatementSummary,
    StatementView,
    Sums,
)

__all__ = (
    "Chart",
    "ChartLink",
    "ChartNode",
    "PartView",
    "PeriodView",
    "PoolLineView",
    "PoolView",
    "Preview",
    "RuleSetView",
    "RuleView",
    "RunView",
    "StatementLineView",
    "StatementSummary",
    "StatementView",
    "Sums",
    "allocation_of",
    "codes_on",
    "credited_before",
    "current_rules",
    "every_code",
    "explain_statement",
    "first_unposted",
    "gather_inputs",
    "get_pool",
    "get_run",
    "journal",
    "lines_by_id",
    "open_lines",
    "period_state",
    "period_states",
    "pool_of_invoice",
    "pools",
    "preview_sankey",
    "rule_views",
    "run_lines",
    "runs",
    "sankey",
    "statements",
    "stored_hash",
    "to_lines",
)
