"""What others may ask about alerts; answers are frozen values."""

from plans.alerts.reads.looking import Looking
from plans.alerts.reads.preview import Preview, preview
from plans.alerts.reads.rules import (
    AlertView,
    FiringView,
    alerts,
    firings,
    get_alert,
    last_fired,
    tenants_with_due_alerts,
    told_and_not_rearmed,
)

__all__ = (
    "AlertView",
    "FiringView",
    "Looking",
    "Preview",
    "alerts",
    "firings",
    "get_alert",
    "last_fired",
    "preview",
    "tenants_with_due_alerts",
    "told_and_not_rearmed",
)
