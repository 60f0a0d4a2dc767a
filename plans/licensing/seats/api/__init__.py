"""/v1/seat-pools: named seats."""

from plans.licensing.seats.api.invitations import InvitationController
from plans.licensing.seats.api.pools import SeatPoolController
from plans.licensing.seats.api.seats import SeatController

__all__ = ("route_handlers",)

route_handlers = (SeatPoolController, SeatController, InvitationController)
