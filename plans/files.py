"""A catalogue as a YAML file: families, tiers from light to full, and each plan's document (pure).

Every scalar is read as text and then as what its place wants, so that no price ever is a float.
The schema is described in docs/plans.md.
"""

from collections.abc import Iterable
from typing import Any, Final, Literal

import msgspec
import yaml

from core.errors import InputError, InvalidInput
from plans.charges import Frozen
from plans.documents import PlanDocument

__all__ = ("CatalogueFile", "FamilyEntry", "PlanEntry", "dump_catalogue", "family_faults", "parse_catalogue")

LARGEST: Final = 2_000_000
"""Characters; a file beyond it is no catalogue."""
DEEPEST: Final = 40


class FamilyEntry(Frozen, frozen=True):
    """Plans that are ordered from light to full; alternatives share a tier."""

    key: str
    name: str
    tiers: tuple[tuple[str, ...], ...]


class PlanEntry(Frozen, frozen=True):
    """A plan or add-on with the content of its newest version."""

    name: str
    document: PlanDocument
    kind: Literal["base", "addon"] = "base"


class CatalogueFile(Frozen, frozen=True):
    """The whole file."""

    families: tuple[FamilyEntry, ...]
    plans: dict[str, PlanEntry]
    tollbook: Literal[1] = 1
    """The version of the schema."""

    def place_of(self, plan_key: str) -> tuple[FamilyEntry, int]:
        """Return a plan's family and the number of its tier, from 1."""
        for family in self.families:
            for number, tier in enumerate(family.tiers, 1):
                if plan_key in tier:
                    return family, number
        raise AssertionError("the file was not validated: a plan without a tier")


def parse_catalogue(text: str) -> CatalogueFile:
    """Read a catalogue file.

    Raises:
        InvalidInput: not YAML, a key twice, an alias, the wrong shape, or families that are not in
            order; each with pointer (and line where the text itself is at fault).
    """
    if len(text) > LARGEST:
        raise InvalidInput(InputError("", "file_too_large", f"A catalogue has at most {LARGEST} characters."))
    try:
        node = yaml.compose(text, Loader=yaml.BaseLoader)
    except yaml.YAMLError as error:
        raise InvalidInput(InputError("", "yaml_invalid", f"This is not YAML: {error}")) from None
    value = _plain(node, "", set(), 0)
    try:
        file = msgspec.convert(value, CatalogueFile, strict=False)
    except msgspec.ValidationError as error:
        sentence, _, path = str(error).partition(" - at `$")
        pointer = path.rstrip("`").replace("[...]", "/*").replace("[", "/").replace("]", "").replace(".", "/")
        raise InvalidInput(InputError(pointer, "shape_invalid", f"{sentence}.")) from None
    faults = list(family_faults(file))
    if faults:
        raise InvalidInput(*faults)
    return file


def dump_catalogue(file: CatalogueFile) -> str:
    """Write a catalogue file; reading it again gives an equal one."""
    value = msgspec.to_builtins(file) | {"tollbook": file.tollbook}
    ordered = {"tollbook": value["tollbook"], "families": value["families"], "plans": value["plans"]}
    text: str = yaml.safe_dump(ordered, sort_keys=False, allow_unicode=True, width=110)
    return text


def family_faults(file: CatalogueFile) -> Iterable[InputError]:
    """Yield what is wrong with the order of tiers: each plan stands in one place of one family.

    A plan named in two tiers would be above itself.
    """
    seen: dict[str, str] = {}
    keys: set[str] = set()
    for index, family in enumerate(file.families):
        if family.key in keys:
            yield InputError(f"/families/{index}/key", "family_twice", f"The family '{family.key}' is named twice.")
        keys.add(family.key)
        for number, tier in enumerate(family.tiers):
            for place, key in enumerate(tier):
                at = f"/families/{index}/tiers/{number}/{place}"
                if key in seen:
                    same = seen[key] == family.key
                    code = "family_cyclic" if same else "plan_in_two_families"
                    detail = f"'{key}' would stand above itself" if same else f"'{key}' is in '{seen[key]}' already"
                    yield InputError(at, code, f"{detail}: name it once.")
                seen.setdefault(key, family.key)
                if key not in file.plans:
                    yield InputError(at, "plan_unknown", f"There is no plan '{key}' in this file.")
    for key in file.plans:
        if key not in seen:
            yield InputError(f"/plans/{key}", "plan_without_tier", f"'{key}' stands in no family's tiers.")


def _plain(node: Any, at: str, above: set[int], depth: int) -> Any:
    """Return a node as text, lists and mappings; refuse keys that come twice and nodes that are used twice."""
    if id(node) in above or depth > DEEPEST:
        raise InvalidInput(InputError(at, "yaml_alias", "Write it out: aliases and endless nesting are not read."))
    above.add(id(node))
    if isinstance(node, yaml.SequenceNode):
        return [_plain(part, f"{at}/{place}", above, depth + 1) for place, part in enumerate(node.value)]
    if not isinstance(node, yaml.MappingNode):
        return node.value if isinstance(node, yaml.ScalarNode) else None
    found: dict[str, Any] = {}
    for key, value in node.value:
        name = str(key.value)
        pointer = f"{at}/{name}"
        if name in found:
            line = key.start_mark.line + 1
            raise InvalidInput(InputError(pointer, "key_twice", f"'{name}' stands here twice, again in line {line}."))
        found[name] = _plain(value, pointer, above, depth + 1)
    return found
