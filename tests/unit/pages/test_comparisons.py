"""Plans and licence models side by side: what lacks a part is marked, and is nobody's cheapest."""

from datetime import date

from msgspec import structs

from app.pages.sales.comparisons import models_view, simulation_view
from app.pages.tables import TableQuery
from billing.answers.results import (
    ModelCost,
    ModelsResult,
    PlanResult,
    SimulatedInvoice,
    SimulatedLine,
    SimulationResult,
    TenantResult,
)
from billing.answers.uncounted import uncounted
from billing.schemas.amounts import MoneyAnswer

NOBODY = TableQuery.of("", {})
FIRST, LAST = date(2026, 8, 1), date(2026, 8, 31)


def euros(amount: str) -> MoneyAnswer:
    return MoneyAnswer(amount, "EUR")


def line(meter: str, quantity: str, amount: str) -> SimulatedLine:
    return SimulatedLine(meter, meter, "usage", meter, FIRST, LAST, quantity, "seat", euros(amount), "S", "19", ())


def plan(name: str, net: str, *lines: SimulatedLine) -> PlanResult:
    bills = (SimulatedInvoice(date(2026, 9, 1), "invoice", euros(net), euros("0.00"), euros(net), lines),)
    return PlanResult(name, name, name, "EUR", euros(net), bills, uncounted=tuple(uncounted(bills)))


def shown(*plans: PlanResult) -> tuple[str, tuple, tuple]:
    return simulation_view(SimulationResult((TenantResult("acme", "Acme", plans),)), NOBODY)


def test_a_plan_of_whose_meter_nothing_was_counted_is_not_called_the_cheapest() -> None:
    named = plan("Named", "5.00", line("seats.named.peak", "0", "0.00"), line("courses.transactions.charged", "1", "5"))
    active = plan("Active", "80.00", line("members.active", "8", "80.00"))

    verdict, _charts, (table, _lines) = shown(named, active)

    assert verdict.startswith("Active would have been the cheapest: €80.00 before tax.")
    assert "Nothing was counted in these days for Named seats, peak: Named lack" in verdict
    assert [(row[0].text, row[2].sub) for row in table.rows] == [
        ("Active", ""), ("Named", "without Named seats, peak: nothing counted"),
    ]  # fmt: skip
    verdict, _charts, (_table, lines) = shown(named)
    assert verdict.startswith("Which one would have been the cheapest is not known.")
    assert [row[3].text for row in lines.rows] == ["nothing counted", "1"]


def test_a_licence_model_of_which_nothing_was_counted_has_no_price_in_the_table() -> None:
    def model(name: str, cost: str, *, counted: bool) -> ModelCost:
        one = euros(cost)
        return ModelCost(name, name, name, "", one, one, one, counted, one, (), (("1", one),), ())

    models = (model("active", "25.20", counted=True), model("named", "0.00", counted=False))
    verdict, _charts, (table, *_rest) = models_view(
        ModelsResult("EUR", "20", models, (), (), euros("25.20")), NOBODY
    )  # fmt: skip

    assert [[one.text for one in row[1:]] for row in table.rows] == [
        ["€25.20"] * 4, ["nothing counted", "–", "–", "–"],
    ]  # fmt: skip
    assert "Nothing was counted in these days for Named seats" in verdict


def test_what_is_assumed_stands_wherever_its_figure_does() -> None:
    seats = "seats.named.peak"
    taken = structs.replace(line(seats, "12", "60.00"), assumed="12")
    named = structs.replace(plan("Named", "60.00", taken), assumed=((seats, "12"),))

    verdict, _charts, (table, lines) = shown(named, plan("Active", "80.00", line("members.active", "8", "80.00")))

    assert verdict == "Named would have been the cheapest: €60.00 before tax. Named seats, peak assumed: 12."
    assert table.rows[0][2].sub == "Named seats, peak assumed: 12"
    assert lines.rows[0][3].sub == "assumed: 12"
    one = euros("60.00")
    cost = ModelCost("named", seats, "N", "", one, one, one, True, one, (), (("1", one),), (), "registered")
    verdict, (bars, curves), (table, _even, mix) = models_view(
        ModelsResult("EUR", "20", (cost,), (), ((None, "named", one),), one), NOBODY
    )
    called = "Named seats (assumed: as many as registered members)"
    assert {verdict.partition(" cost least")[0], bars.x[0], curves.series[0].name, mix.rows[0][1].text} == {called}
    assert table.rows[0][0].text == called


def test_a_plan_whose_bought_quantity_nobody_said_is_not_called_the_cheapest() -> None:
    bought = structs.replace(plan("Bought", "15.00"), quantity_unsaid=True)

    verdict, _charts, (table, *_rest) = shown(bought, plan("Active", "80.00", line("members.active", "8", "80.00")))

    assert verdict.startswith("Active would have been the cheapest")
    assert "The price of Bought goes by how many are bought" in verdict
    assert [row[2].sub for row in table.rows] == ["", "one is bought: how many was not said"]
