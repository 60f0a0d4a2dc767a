"""Refusals about what a directory sends."""

from core.errors import Refused
from tenants.organisation import TEXT_MAX

__all__ = ("DirectoryNameInvalid", "DirectoryNameTaken", "MemberUnknown", "RulesTooWide")


class DirectoryNameTaken(Refused):
    """A user name or an external id belongs to somebody else already, so that two people would become one."""

    code = "directory_name_taken"

    def __init__(self, key: str) -> None:
        super().__init__(
            f"userName '{key}', or the externalId beside it, is the key of somebody else, whom facts point to. Send the"
            " externalId that this person had, use another userName, or merge the two people."
        )


class DirectoryNameInvalid(Refused):
    """A name, an id or an address is empty, or longer than anything that could be looked for."""

    code = "directory_name_invalid"
    status = 422

    def __init__(self, attribute: str) -> None:
        super().__init__(
            f"{attribute} has to be 1 to {TEXT_MAX} characters, not all of them blanks, with no line break or control"
            " character among them."
        )


class MemberUnknown(Refused):
    """A group names a member that is no user of this directory."""

    code = "member_unknown"
    status = 422

    def __init__(self, value: str) -> None:
        super().__init__(f"There is no user '{value}'. Create users before the groups that they are in.")


class RulesTooWide(Refused):
    """New rules would act on more people of the directory at once than one request may."""

    code = "directory_rules_too_wide"
    status = 422

    def __init__(self, people: int, most: int) -> None:
        super().__init__(
            f"{people} people are in the groups whose rules change, and one request may change {most}. Change the"
            " rules of a few groups at a time. Set a rule for a larger group before the directory fills it, or say"
            " the audience by userType."
        )
