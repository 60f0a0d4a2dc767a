"""The API of what is sold and held, and of merges of people, which change what open periods will bill."""

from plans.api.catalogue import CouponController, FamilyController, PlanController
from plans.api.moves import MoveController
from plans.api.people import MergeController
from plans.api.subscriptions import SubscriptionController

__all__ = ("route_handlers",)

route_handlers = (
    PlanController,
    FamilyController,
    CouponController,
    MoveController,
    MergeController,
    SubscriptionController,
)
