"""The operations of the protocol, of which a change of a group's members reads only whom it names."""

from typing import Any

from scim2_models import PatchOp, Resource, ResourceType
from scim2_server.conditions import Conditions
from scim2_server.handler import ScimHandler

from tenants.directory.membership import membership_change
from tenants.directory.protocol import DirectoryService
from tenants.directory.storage import DirectoryStorage

__all__ = ("DirectoryHandler",)


class DirectoryHandler(ScimHandler):
    """The library's operations; it would load a group of thousands, and compare it, to add one."""

    def __init__(self, service: DirectoryService, storage: DirectoryStorage) -> None:
        super().__init__(service, storage)
        self._directory = storage

    def patch_resource(
        self, resource_type: ResourceType, resource_id: str, patch_op: "PatchOp[Any]", conditions: Conditions
    ) -> Resource[Any]:
        """Apply a PATCH; within `operation()`, and in a bulk request too."""
        change = membership_change(patch_op) if resource_type.name == "Group" else None
        if change is None:
            return super().patch_resource(resource_type, resource_id, patch_op, conditions)
        current = self._directory.load(resource_type, resource_id, members=False)
        self.service.check_preconditions(current, "PATCH", conditions)
        return self._directory.move_members(resource_type, resource_id, change)
