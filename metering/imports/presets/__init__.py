"""Mappings that come along, one a file (pure)."""

from dataclasses import dataclass

from metering.imports.mapping import Mapping
from metering.imports.presets import community, events, microsoft, moodle, transcript

__all__ = ("PRESETS", "Preset")


@dataclass(frozen=True, slots=True)
class Preset:
    """A mapping with a name; `mapping` None: the file's columns are the fields of events themselves."""

    key: str
    title: str
    text: str
    mapping: Mapping | None
    example: str
    """The header of such a file."""


PRESETS: dict[str, Preset] = {
    preset.key: preset
    for preset in (
        Preset("events", events.TITLE, events.TEXT, None, events.EXAMPLE),
        Preset("moodle-logs", moodle.TITLE, moodle.TEXT, moodle.MAPPING, moodle.EXAMPLE),
        Preset("viva-engage", microsoft.VIVA_TITLE, microsoft.VIVA_TEXT, microsoft.VIVA, microsoft.VIVA_EXAMPLE),
        Preset(
            "sharepoint-activity",
            microsoft.SHAREPOINT_TITLE,
            microsoft.SHAREPOINT_TEXT,
            microsoft.SHAREPOINT,
            microsoft.SHAREPOINT_EXAMPLE,
        ),
        Preset("lms-transcript", transcript.TITLE, transcript.TEXT, transcript.MAPPING, transcript.EXAMPLE),
        Preset("community-activity", community.TITLE, community.TEXT, community.MAPPING, community.EXAMPLE),
    )
}
"""By key, in the order in which they are offered."""
