"""Rules in plain words: message ids that the pages translate, with their parameters."""

from collections.abc import Mapping
from dataclasses import dataclass, field

__all__ = ("N_", "Sentence")


def N_(message: str) -> str:  # noqa: N802 - Babel's own name for "translate this later"
    """Mark a message for the catalogue; whoever shows it translates it."""
    return message


@dataclass(frozen=True, slots=True)
class Sentence:
    """A whole sentence: `gettext(message) % params`."""

    message: str
    params: Mapping[str, str] = field(default_factory=dict)

    def english(self) -> str:
        """Return the sentence untranslated, for the API and for logs."""
        return self.message % self.params if self.params else self.message
