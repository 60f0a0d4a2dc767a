"""Steps of people in courses, and plans that charge them in other ways: for tests of course transactions."""

from typing import Any

import msgspec

from metering.policies import DEFAULT_POLICIES, CoursePolicy
from tests.builders.story import Story

__all__ = ("CHARGED", "NET", "REFUNDED", "ilt", "story_of", "triggered_by", "wbt")

CHARGED, REFUNDED, NET = (f"courses.transactions.{name}" for name in ("charged", "refunded", "net"))


def story_of(**changes: Any) -> Story:
    return Story(policies=msgspec.structs.replace(DEFAULT_POLICIES, courses=CoursePolicy(**changes)))


def triggered_by(course_type: str, trigger: str, **changes: Any) -> Story:
    return story_of(triggers={**DEFAULT_POLICIES.courses.triggers, course_type: trigger}, **changes)


def wbt(story: Story, step: str, who: str, at: str, **attributes: Any) -> None:
    story.fact(f"course.{step}", who, at, **{"course_id": "w", "course_type": "wbt", **attributes})


def ilt(story: Story, step: str, who: str, at: str, **attributes: Any) -> None:
    defaults = {"course_id": "i", "course_type": "ilt", "class_id": "k", "class_starts_at": "2026-03-20T09:00:00+01:00"}
    story.fact(f"course.{step}", who, at, **{**defaults, **attributes})
