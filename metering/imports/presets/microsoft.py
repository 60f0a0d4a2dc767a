"""Microsoft 365's usage reports by user, as the admin centre and Graph give them.

Columns as Graph documents them: `getYammerActivityUserDetail` and `getSharePointActivityUserDetail`.
A report has one row a person: how often in the period, and the last day. It holds no single acts, so
that a row becomes one act on that last day, and one contribution where anything was posted. Ids are
made of person and day alone: reports that overlap, or came later with higher counts, count once.
"""

from metering.imports.mapping import Condition, Mapping, Rule, Value

__all__ = (
    "SHAREPOINT",
    "SHAREPOINT_EXAMPLE",
    "SHAREPOINT_TEXT",
    "SHAREPOINT_TITLE",
    "VIVA",
    "VIVA_EXAMPLE",
    "VIVA_TEXT",
    "VIVA_TITLE",
)

VIVA_TITLE = "Viva Engage (Yammer) activity"
VIVA_TEXT = (
    "Microsoft 365 report “Viva Engage activity”, user detail. A person counts as active on the last day of activity,"
    " and as contributor where anything was posted; the report holds no single posts."
)
VIVA_EXAMPLE = (
    "Report Refresh Date,User Principal Name,Display Name,User State,State Change Date,Last Activity Date,"
    "Posted Count,Read Count,Liked Count,Assigned Products,Report Period"
)
SHAREPOINT_TITLE = "SharePoint activity"
SHAREPOINT_TEXT = (
    "Microsoft 365 report “SharePoint activity”, user detail. A person counts as active on the last day of activity."
)
SHAREPOINT_EXAMPLE = (
    "Report Refresh Date,User Principal Name,Is Deleted,Deleted Date,Last Activity Date,Viewed Or Edited File Count,"
    "Synced File Count,Shared Internally File Count,Shared Externally File Count,Visited Page Count,"
    "Assigned Products,Report Period"
)

_ACTIVE = Condition(column="Last Activity Date", filled=True)
_IDENTITY = ["User Principal Name", "Last Activity Date"]


def _active(object_type: str) -> Rule:
    return Rule(
        key="active",
        when=[_ACTIVE],
        type="activity.performed",
        time="Last Activity Date",
        subject="User Principal Name",
        identity=_IDENTITY,
        data={
            "verb": Value(const="viewed"),
            "object_type": Value(const=object_type),
            "object_id": Value(const="report"),
        },
    )


VIVA = Mapping(
    source="viva-engage",
    rules=[
        _active("network"),
        Rule(
            key="posted",
            when=[_ACTIVE, Condition(column="Posted Count", above_zero=True)],
            type="contribution.created",
            time="Last Activity Date",
            subject="User Principal Name",
            identity=_IDENTITY,
            data={"kind": Value(const="post"), "object_id": Value(template="report/{Last Activity Date}")},
        ),
    ],
)
SHAREPOINT = Mapping(source="sharepoint", rules=[_active("site")])
