"""A transcript as most learning systems export it: one row a person and course, with dates.

A row becomes an enrolment, and a completion or a cancellation where it says so. A row that may be one
of these, by a date, but has a status that is not known here, is refused: money hangs on it. Ids are made of
person, course and the day of each, so that next month's transcript adds only what is new.
"""

from metering.imports.mapping import Condition, Mapping, Rule, Value

__all__ = ("EXAMPLE", "MAPPING", "TEXT", "TITLE")

TITLE = "Learning transcript"
TEXT = (
    "One row a person and course: user, course, status, enrolled, completed, score. Becomes an enrolment, and a"
    " completion or a cancellation where the status says so. A status that is not known is told row by row."
)
EXAMPLE = "User,Course,Status,Enrolled,Completed,Score"

_COURSE: dict[str, Value | str] = {
    "course_id": Value(column="Course", required=True),
    "course_type": Value(
        column="Course type",
        values={
            "wbt": "wbt", "elearning": "wbt", "e-learning": "wbt", "online": "wbt", "course": "wbt", "": "wbt",
            "ilt": "ilt", "class": "ilt", "classroom": "ilt", "webinar": "ilt",
            "simulation": "simulation", "program": "program", "curriculum": "program", "learning plan": "program",
        },
        otherwise="wbt",
    ),
    "registration": "Registration",
}  # fmt: skip
_DONE = ["completed", "complete", "passed", "successful", "finished"]
"""Who failed has not completed, though a date may stand there: the same as in xAPI's table."""
_GONE = ["cancelled", "canceled", "withdrawn", "unenrolled", "dropped"]
_NEITHER = [
    "failed",
    "not passed",
    "unsuccessful",
    "incomplete",
    "not completed",
    "not started",
    "started",
    "in progress",
    "in-progress",
    "active",
    "enrolled",
    "registered",
    "assigned",
    "approved",
    "pending",
    "waitlisted",
    "overdue",
    "past due",
    "expired",
    "no show",
    "no-show",
    "absent",
]
_BY_STATUS = {
    **dict.fromkeys(_DONE, "course.completed"),
    **dict.fromkeys(_GONE, "course.cancelled"),
}


def _doubtful(date: str) -> Rule:
    """Return the rule of rows with a date but a status that says nothing known: none of them makes an event."""
    return Rule(
        key=f"{date.lower()}_by_status",
        when=[
            Condition(column=date, filled=True),
            Condition(column="Status", none_of=[*_BY_STATUS, *_NEITHER]),
        ],
        type=Value(column="Status", values=_BY_STATUS, required=True),
        time=date,
        subject="User",
        data=_COURSE,
    )


MAPPING = Mapping(
    source="lms",
    columns={
        "User": ["User ID", "Username", "User name", "Login", "Employee ID", "Learner", "Email", "E-mail", "user_id"],
        "Course": ["Course ID", "Course code", "Training", "Item ID", "Learning object", "course_id", "Course title"],
        "Status": ["Completion status", "Course status", "Enrollment status", "Enrolment status"],
        "Enrolled": [
            "Enrolled date", "Enrolled on", "Enrollment date", "Enrolment date", "Date enrolled", "Registration date",
            "enrolled_at",
        ],
        "Completed": ["Completed date", "Completed on", "Completion date", "Date completed", "completed_at"],
        "Cancelled": ["Cancelled date", "Cancellation date", "Withdrawn date", "cancelled_at"],
        "Score": ["Final score", "Grade", "Result"],
        "Course type": ["Type", "Training type", "Item type"],
        "Registration": ["Registration ID", "Enrollment ID", "Enrolment ID"],
    },
    optional=["Score", "Course type", "Registration", "Cancelled"],
    rules=[
        Rule(
            key="enrolled",
            when=[Condition(column="Enrolled", filled=True)],
            type="course.enrolled",
            time="Enrolled",
            subject="User",
            identity=["User", "Course", "Enrolled", "Registration"],
            data=_COURSE,
        ),
        Rule(
            key="completed",
            when=[Condition(column="Status", any_of=_DONE)],
            type="course.completed",
            time="Completed",
            subject="User",
            identity=["User", "Course", "Completed", "Registration"],
            data={**_COURSE, "score": "Score"},
        ),
        Rule(
            key="cancelled",
            when=[Condition(column="Status", any_of=_GONE)],
            type="course.cancelled",
            time="Cancelled",
            subject="User",
            identity=["User", "Course", "Cancelled", "Registration"],
            data=_COURSE,
        ),
        _doubtful("Completed"),
        _doubtful("Cancelled"),
    ],
)  # fmt: skip
