"""Selects about what is sold and held; they return frozen values."""

from plans.reads.catalogue import (
    DraftView,
    FamilyView,
    PlanView,
    VersionView,
    all_drafts,
    draft,
    families,
    get_plan,
    get_version,
    list_plans,
    new_drafts,
    newest_version,
    plan_or_draft,
    versions,
)
from plans.reads.chains import Phase
from plans.reads.coupons import CouponView, coupons, get_coupon
from plans.reads.figures import measured_sources, sources_of
from plans.reads.periods import (
    BillingPeriodView,
    DuePeriod,
    due_periods,
    periods,
    periods_since,
    unbilled_periods,
    unopened,
)
from plans.reads.subscriptions import all_subscriptions, find_subscription, get_subscription, subscriptions
from plans.subscriptions import SubscriptionView, charges_of

__all__ = (
    "BillingPeriodView",
    "CouponView",
    "DraftView",
    "DuePeriod",
    "FamilyView",
    "Phase",
    "PlanView",
    "SubscriptionView",
    "VersionView",
    "all_drafts",
    "all_subscriptions",
    "charges_of",
    "coupons",
    "draft",
    "due_periods",
    "families",
    "find_subscription",
    "get_coupon",
    "get_plan",
    "get_subscription",
    "get_version",
    "list_plans",
    "measured_sources",
    "new_drafts",
    "newest_version",
    "periods",
    "periods_since",
    "plan_or_draft",
    "sources_of",
    "subscriptions",
    "unbilled_periods",
    "unopened",
    "versions",
)
