"""`python -m app.cli plans …`: the catalogue as a file under version control."""

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from core.clock import utc_now
from core.db import database
from core.errors import InvalidInput, Refused
from core.scope import StewardScope
from plans.actions.apply_catalogue import PlanDifference, apply_catalogue, diff_catalogue
from plans.files import CatalogueFile, dump_catalogue, parse_catalogue
from plans.reads.files import exported_catalogue

__all__ = ("add_plan_commands",)

ACTOR = "system:cli"
T = TypeVar("T")
LONGEST = 400


class FileNotReadable(Refused):
    """The catalogue file cannot be read."""

    code = "file_not_readable"
    status = 422


def add_plan_commands(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `plans export`, `plans diff` and `plans apply`."""
    steps = commands.add_parser("plans", help="the catalogue as a file").add_subparsers(required=True, metavar="STEP")
    for name, text, run in (
        ("export", "Write the published catalogue as YAML.", _export),
        ("diff", "Say what a file would change; exit with 2 if anything.", _diff),
        ("apply", "Publish what differs: all of the file or nothing.", _apply),
    ):
        step = steps.add_parser(name, help=text, description=text)
        step.set_defaults(run=run)
        if name == "export":
            step.add_argument("--output", type=Path, help="the file; standard output by default")
        else:
            step.add_argument("file", type=Path, help="YAML, as docs/plans.md describes it")
        if name == "apply":
            step.add_argument("--retire", action="store_true", help="stop selling what is not in the file")


def _export(given: argparse.Namespace) -> None:
    with database().begin(StewardScope()) as session:
        text = dump_catalogue(exported_catalogue(session))
    if given.output is None:
        sys.stdout.write(text)
    else:
        given.output.write_text(text, encoding="utf-8")


def _diff(given: argparse.Namespace) -> None:
    file = _read(given.file)
    with database().begin(StewardScope()) as session:
        found = _told_faults(lambda: diff_catalogue(session, file))
    _tell(found)
    if found:
        raise SystemExit(2)


def _apply(given: argparse.Namespace) -> None:
    file = _read(given.file)
    with database().begin(StewardScope()) as session:
        done = _told_faults(lambda: apply_catalogue(session, file, ACTOR, utc_now(), retire=given.retire))
    _tell(done)


def _read(path: Path) -> CatalogueFile:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise FileNotReadable(f"{path} cannot be read as UTF-8 text: {error}.") from None
    return _told_faults(lambda: parse_catalogue(text))


def _told_faults(run: Callable[[], T]) -> T:
    """Run, and tell every fault on a line of its own before the refusal ends the command."""
    try:
        return run()
    except InvalidInput as refusal:
        for fault in refusal.errors:
            sys.stderr.write(f"{fault.pointer or '/'}: {fault.code}: {fault.detail}\n")
        raise


def _tell(found: Sequence[PlanDifference]) -> None:
    for one in found:
        sys.stdout.write(f"{one.plan_key}: {one.what}\n")
        for detail in one.details:
            sys.stdout.write(f"  {detail.sentence[:LONGEST]}\n")
    if not found:
        sys.stdout.write("No difference.\n")
