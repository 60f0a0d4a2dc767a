"""Moodle's Site logs (Reports → Logs → Download as CSV).

Columns as `report/log/classes/table_log.php` writes them, in English. A person is Moodle's user id,
cut out of the description: names are not unique. What is no act of learning or of a community
(settings, gradings, logins, roles) is skipped.
"""

from metering.imports.mapping import Condition, Mapping, Rule, Value

__all__ = ("EXAMPLE", "MAPPING", "TEXT", "TITLE")

TITLE = "Moodle logs"
TEXT = (
    "Reports → Logs → Download as CSV, in English. Views, posts, submissions, enrolments and completions count;"
    " settings, gradings and logins are skipped."
)
EXAMPLE = "Time,User full name,Affected user,Event context,Component,Event name,Description,Origin,IP address"

_WHO = Value(column="Description", between=("The user with id '", "'"), required=True)
_WHOM = Value(column="Description", between=(" the user with id '", "'"), required=True)
_COURSE = Value(column="Description", between=("course with id '", "'"), required=True)
_COURSE_OR_NOT = Value(column="Description", between=("course with id '", "'"))
_PERSON = Condition(column="User full name", none_of=["-", "", "Guest user"])
"""Whoever comes without signing in is user 1, all of them together."""
_IDENTITY = ["Time", "Description", "Event context", "Component", "Event name", "User full name"]

_POSTS = {
    "Discussion created": "post",
    "Post created": "post",
    "Wiki page created": "wiki_edit",
    "Wiki page updated": "wiki_edit",
    "Comment created": "comment",
    "Entry has been created": "post",
    "Record created": "post",
    "Blog entry added": "blog",
    "A file has been uploaded.": "upload",
    "A submission has been submitted.": "upload",
}
_DONE = ("Quiz attempt started", "Quiz attempt submitted", "Sco launched", "Lesson started", "Lesson ended")


def _act(key: str, names: Condition, verb: str) -> Rule:
    return Rule(
        key=key,
        when=[names, _PERSON],
        type="activity.performed",
        time="Time",
        subject=_WHO,
        identity=_IDENTITY,
        data={
            "verb": Value(const=verb),
            "object_type": Value(column="Component", otherwise="System"),
            "object_id": Value(column="Event context", otherwise="Other"),
            "course_id": _COURSE_OR_NOT,
            "person.name": "User full name",
        },
    )


def _of_course(act: str, name: str, subject: Value, key: str = "") -> Rule:
    return Rule(
        key=key or act,
        when=[Condition(column="Event name", any_of=[name])],
        type=f"course.{act}",
        time="Time",
        subject=subject,
        identity=_IDENTITY,
        data={"course_id": _COURSE, "course_type": Value(const="wbt")},
    )


MAPPING = Mapping(
    source="moodle",
    columns={"User full name": ["Full name", "User Full Name"], "Affected user": ["Affected User"]},
    optional=["Affected user"],
    rules=[
        _act("viewed", Condition(column="Event name", ends_with=[" viewed", " viewed."]), "viewed"),
        _act("played", Condition(column="Event name", any_of=list(_DONE)), "played"),
        Rule(
            key="posted",
            when=[Condition(column="Event name", any_of=list(_POSTS)), _PERSON],
            type="contribution.created",
            time="Time",
            subject=_WHO,
            identity=_IDENTITY,
            data={
                "kind": Value(column="Event name", values=_POSTS),
                "object_id": Value(template="{Event context}: {Description}"),
                "person.name": "User full name",
            },
        ),
        _of_course("enrolled", "User enrolled in course", _WHOM),
        _of_course("cancelled", "User unenrolled from course", _WHOM, key="unenrolled"),
        _of_course("completed", "Course completed", _WHO),
    ],
)
