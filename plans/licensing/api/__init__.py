"""The API of what is held."""

from plans.licensing.api.entitlements import EntitlementController
from plans.licensing.api.keys import published_keys
from plans.licensing.api.leases import LeaseController
from plans.licensing.api.licences import LicenceController
from plans.licensing.api.pools import PoolController

__all__ = ("route_handlers",)

route_handlers = (PoolController, LeaseController, EntitlementController, LicenceController, published_keys)
