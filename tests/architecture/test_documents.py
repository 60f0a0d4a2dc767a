"""Every setting, error code, role and permission is documented."""

import ast
import re
from pathlib import Path

import pytest

import app.asgi  # noqa: F401 - brings in every package
from app.error_codes import error_codes
from app.malformed import FORMS
from core.errors import Refused
from metering.errors import EventFault
from metering.imports.faults import RowCode

ROOT = Path(__file__).parents[2]
MADE_BEFORE = {
    "meters.md": (('"id": "e-17"', "events/lms/e-17"), ('"subject": "a.lee"', "people/a.lee/merge")),
    "licensing.md": (('"email": "ann@example.org"', '"person": "ann@example.org"'), ("> licence.jws", "revoked")),
}
PACKAGES = ("core", "tenants", "metering", "plans", "billing", "app")


def test_every_refusal_says_what_it_means_and_a_code_has_one_status() -> None:
    refusals: set[type[Refused]] = set()
    waiting: list[type[Refused]] = [Refused]
    while waiting:
        refusal = waiting.pop()
        waiting += refusal.__subclasses__()
        if refusal.__module__.split(".")[0] in PACKAGES:
            refusals.add(refusal)
    named = [refusal for refusal in refusals if "code" in vars(refusal)]

    # One code may be raised by two packages (`cost_centre_unknown`): it then means the same.
    assert len({refusal.code for refusal in named}) == len({(refusal.code, refusal.status) for refusal in named})
    assert {refusal.__name__ for refusal in named if not refusal.__doc__} == set()
    assert {code.code for code in error_codes()} >= {refusal.code for refusal in named if refusal is not Refused}


def test_the_codes_of_single_events_and_rows_are_told_with_the_others() -> None:
    told = {code.code: code.meaning for code in error_codes()}

    assert told["time_in_future"] == "`time` is more than five minutes ahead of the tenant's clock."
    assert {*EventFault, *RowCode} <= told.keys()


def test_every_setting_is_documented() -> None:
    settings = (ROOT / "core" / "settings.py").read_text()
    wanted = set(re.findall(r'environ\.get\("([A-Z_]+)"|_required\("([A-Z_]+)"', settings))
    names = {name for pair in wanted for name in pair if name}
    documented = (ROOT / "docs" / "operate.md").read_text()
    assert {name for name in names if f"`{name}`" not in documented} == set()


def test_every_pattern_of_a_type_is_told_in_words() -> None:
    calls = [
        call
        for package in PACKAGES
        for file in (ROOT / package).rglob("*.py")
        for call in ast.walk(ast.parse(file.read_text()))
        if isinstance(call, ast.Call)
    ]
    patterns = {
        ast.literal_eval(keyword.value)
        for call in calls
        if getattr(call.func, "attr", getattr(call.func, "id", "")) in ("Meta", "Parameter")
        for keyword in call.keywords
        if keyword.arg == "pattern"
    }

    assert patterns == FORMS.keys()


def test_every_package_says_what_it_owns() -> None:
    for package in (*PACKAGES, "billing/chargebacks"):
        text = (ROOT / package / "README.md").read_text()
        assert "## Owns" in text, package
        assert "## Does not own" in text, package


@pytest.mark.parametrize("name", ["meters.md", "licensing.md"])
def test_examples_that_are_pasted_use_what_the_page_says_they_take_or_make_themselves(name: str) -> None:
    blocks = re.findall(r"```sh\n(.*?)```", (ROOT / "docs" / name).read_text(), flags=re.DOTALL)
    known = {"BASE", "KEY", "1"}

    for block in blocks:
        known |= set(re.findall(r"(?:^|\s)(\w+)=", block))
        assert set(re.findall(r"\$(\w+)", block)) <= known, block
    # What an example is about is made before: the fact that is corrected, who is merged, who is seated.
    text = "\n".join(blocks)
    for made, used in MADE_BEFORE[name]:
        assert 0 <= text.find(made) < text.find(used), used
