"""What charts carry: exact decimals, and nothing that ends a script element."""

from decimal import Decimal
from fractions import Fraction

from app.pages.charts import Chart, exact, series


def test_values_are_decimal_strings_and_gaps_stay_gaps() -> None:
    assert series("s", [Fraction(1, 3), Decimal("2.50"), None, 0]).values == ("0.333333", "2.5", None, "0")
    assert exact(Fraction(1000000)) == "1000000"


def test_no_name_can_end_the_script_element() -> None:
    chart = Chart(title="</script><script>alert(1)</script>", x=(), series=())

    assert "<" not in chart.json
    assert "\\u003c/script" in chart.json
