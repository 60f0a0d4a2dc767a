"""The API of what is sold and held."""

from plans.api.catalogue import CouponController, FamilyController, PlanController
from plans.api.moves import MoveController
from plans.api.subscriptions import SubscriptionController

__all__ = ("route_handlers",)

route_handlers = (PlanController, FamilyController, CouponController, MoveController, SubscriptionController)
