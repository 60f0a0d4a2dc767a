"""The vendor's two companies and the customers, as data. Counts are those of the full demo world."""

from app.demo.specs import CentreSpec, Crowd, CustomerSpec, EntitySpec, Rates

__all__ = ("CUSTOMERS", "ENTITIES")


def _stores() -> tuple[CentreSpec, ...]:
    """Return the retailer's tree: head office, six regions, ten stores in each."""
    regions = ("North", "Midlands", "Wales", "London", "South", "Scotland")
    towns = ("Alder", "Birch", "Cedar", "Elm", "Hazel", "Holly", "Maple", "Oak", "Rowan", "Willow")
    tree = [CentreSpec("HQ", "Head office", None, 20), CentreSpec("LD", "Learning department", "HQ", 2)]
    for number, region in enumerate(regions, 1):
        tree.append(CentreSpec(f"R{number}", f"Region {region}", "HQ", 1))
        tree += [
            CentreSpec(f"R{number}-{index:02}", f"{town} Street, {region}", f"R{number}", 6 + (index * number) % 5)
            for index, town in enumerate(towns, 1)
        ]
    return tuple(tree)


ENTITIES = (
    EntitySpec(
        "agora-eu",
        "Agora Learning GmbH",
        "Lindenallee 4\n10115 Berlin",
        "DE",
        "DE811907980",
        "EUR",
        "AE",
        "DE02120300000000202051",
    ),
    EntitySpec(
        "agora-us", "Agora Learning, Inc.", "90 Canal Street\nBoston, MA 02114", "US", "04-3159260", "USD", "AU"
    ),
)

BANK = CustomerSpec(
    slug="nordhaven-bank",
    name="Nordhaven Bank AG",
    entity="agora-eu",
    country="DE",
    billed_months=6,
    time_zone="Europe/Berlin",
    currency="EUR",
    address="Speicherkai 12\n20457 Hamburg",
    tax_id="DE129273398",
    purchase_order="PO-4500017731",
    plan="full-active",
    addons=("compliance", "virtual-classroom"),
    holidays=("12-25", "12-26", "01-01", "04-03", "04-06", "05-01", "05-14", "05-25"),
    centres=(
        CentreSpec("1000", "Private customers", None, 3),
        CentreSpec("1100", "Branches north", "1000", 14),
        CentreSpec("1200", "Branches south", "1000", 12),
        CentreSpec("1300", "Advice by video", "1000", 5),
        CentreSpec("2000", "Corporate customers", None, 8),
        CentreSpec("2100", "Trade finance", "2000", 4),
        CentreSpec("3000", "Risk and compliance", None, 6),
        CentreSpec("4000", "Technology", None, 10),
        CentreSpec("4100", "Data", "4000", 4),
        CentreSpec("5000", "People", None, 2),
        CentreSpec("5100", "Learning department", "5000", 1),
        CentreSpec("6000", "Treasury", None, 2),
    ),
    crowd=Crowd(employees=2400, guests=60, joiners_a_month=20, leavers_a_month=18),
    rates=Rates(
        sessions=700,
        activities=950,
        contributions=480,
        acceptances=90,
        members=1900,
        membership_moves=70,
        web_courses=330,
        simulations=40,
        programs=12,
        classes=9,
        class_size=12,
    ),
    key_prefix="nb",
)

RETAILER = CustomerSpec(
    slug="brightmart",
    name="Brightmart Stores plc",
    entity="agora-us",
    country="GB",
    billed_months=1,
    time_zone="Europe/London",
    currency="GBP",
    address="1 Market Row\nLeeds LS1 4AB",
    tax_id="GB927364518",
    tax_treatment="reverse_charge",
    purchase_order="BM-2025-0098",
    plan="standard-named",
    addons=("compliance",),
    holidays=("12-25", "12-26", "01-01", "04-03", "04-06", "05-04", "05-25", "08-31"),
    centres=_stores(),
    crowd=Crowd(employees=40000, joiners_a_month=400, leavers_a_month=350),
    rates=Rates(
        rhythm="shop",
        seats=4000,
        seat_moves=1300,
        sessions=300,
        activities=500,
        contributions=150,
        acceptances=20,
        web_courses=900,
        classes=6,
        class_size=15,
    ),
    key_prefix="bm",
)

UNIVERSITY = CustomerSpec(
    slug="lakeshore-university",
    name="Lakeshore University",
    entity="agora-us",
    country="US",
    billed_months=2,
    time_zone="America/Chicago",
    currency="USD",
    address="200 College Avenue\nMadison, WI 53703",
    tax_id="39-1884021",
    tax_treatment="exempt",
    purchase_order="REQ-77120",
    plan="full-concurrent",
    holidays=("11-27", "12-25", "01-01", "01-19", "05-25", "07-03", "09-07"),
    centres=(
        CentreSpec("ARTS", "Faculty of arts", None, 6),
        CentreSpec("ENGR", "Faculty of engineering", None, 9),
        CentreSpec("CS", "Computer science", "ENGR", 6),
        CentreSpec("LAW", "Faculty of law", None, 3),
        CentreSpec("MED", "Faculty of medicine", None, 5),
        CentreSpec("NURS", "Nursing", "MED", 4),
        CentreSpec("SCI", "Faculty of science", None, 6),
        CentreSpec("LIB", "Library", None, 1),
        CentreSpec("ADM", "Administration", None, 2),
    ),
    crowd=Crowd(employees=6200, guests=150, joiners_a_month=60, leavers_a_month=40),
    rates=Rates(
        rhythm="campus",
        session_minutes=125,
        sessions=2300,
        activities=320,
        contributions=170,
        acceptances=30,
        members=600,
        membership_moves=40,
        web_courses=60,
        classes=4,
        class_size=14,
        keyed_classes=True,
    ),
    key_prefix="lu",
)

SOFTWARE = CustomerSpec(
    slug="kestrel-software",
    name="Kestrel Software, Inc.",
    entity="agora-us",
    country="US",
    billed_months=3,
    time_zone="America/Los_Angeles",
    currency="USD",
    address="88 Harbor Way\nSan Diego, CA 92101",
    tax_id="33-0918273",
    plan="full-active",
    addons=("extended-enterprise", "branded-app", "content-library"),
    holidays=("11-27", "12-25", "01-01", "05-25", "07-03", "09-07"),
    centres=(
        CentreSpec("ENG", "Engineering", None, 8),
        CentreSpec("SUP", "Support", None, 5),
        CentreSpec("EDU", "Customer education", "SUP", 2),
        CentreSpec("SAL", "Sales", None, 4),
        CentreSpec("PAR", "Partner programme", "SAL", 2),
        CentreSpec("OPS", "Operations", None, 2),
    ),
    crowd=Crowd(
        employees=620, partners=700, customers=1700, public=300, guests=20, joiners_a_month=10, leavers_a_month=6
    ),
    rates=Rates(
        sessions=200,
        activities=640,
        contributions=560,
        acceptances=160,
        members=2300,
        membership_moves=90,
        web_courses=90,
        simulations=60,
        purchases=140,
        classes=3,
        class_size=9,
        paid_currency="USD",
    ),
    key_prefix="ks",
)

CHARITY = CustomerSpec(
    slug="open-water",
    name="Stichting Open Water",
    entity="agora-eu",
    billed_months=9,
    country="NL",
    time_zone="Europe/Amsterdam",
    currency="EUR",
    address="Prinsengracht 700\n1017 LA Amsterdam",
    tax_id="",
    plan="light",
    addons=("branded-app",),
    centres=(
        CentreSpec("FIELD", "Field work", None, 5),
        CentreSpec("FUND", "Fundraising", None, 3),
        CentreSpec("OFFICE", "Office", None, 2),
    ),
    crowd=Crowd(employees=260, public=850, guests=30, joiners_a_month=6, leavers_a_month=3),
    rates=Rates(
        rhythm="evening",
        sessions=60,
        activities=130,
        contributions=90,
        acceptances=12,
        members=1050,
        membership_moves=60,
        web_courses=70,
    ),
    key_prefix="ow",
)

RESELLER = CustomerSpec(
    slug="alpina-partners",
    name="Alpina Digital Partner GmbH",
    entity="agora-eu",
    country="AT",
    billed_months=3,
    time_zone="Europe/Vienna",
    currency="EUR",
    address="Getreidemarkt 9\n1060 Wien",
    tax_id="ATU13585627",
    tax_treatment="reverse_charge",
    purchase_order="ADP-31",
    centres=(CentreSpec("RESALE", "Resale", None, 1),),
    key_prefix="ap",
)


def _child(slug: str, **fields_: object) -> CustomerSpec:
    """Return a child of the reseller: its parent pays its bills."""
    base: dict[str, object] = {
        "entity": RESELLER.entity,
        "currency": RESELLER.currency,
        "parent": RESELLER.slug,
        "tax_treatment": RESELLER.tax_treatment,
        "billed_months": RESELLER.billed_months,
    }
    return CustomerSpec(slug=slug, **{**base, **fields_})  # type: ignore[arg-type]


CHILDREN = (
    _child(
        "alpina-waterworks",
        name="Wasserwerke Salzachtal GmbH",
        country="AT",
        time_zone="Europe/Vienna",
        address="Kaigasse 3\n5020 Salzburg",
        tax_id="ATU57780315",
        plan="standard-concurrent",
        centres=(CentreSpec("NETZ", "Networks", None, 5), CentreSpec("KUND", "Customers", None, 3)),
        crowd=Crowd(employees=380, joiners_a_month=3, leavers_a_month=2),
        rates=Rates(
            sessions=420, session_minutes=110, activities=60, contributions=30, web_courses=30, classes=1, members=100
        ),
        key_prefix="aw",
    ),
    _child(
        "alpina-clinic",
        name="Seeklinik Rorschach AG",
        country="CH",
        time_zone="Europe/Zurich",
        address="Seestrasse 40\n9400 Rorschach",
        tax_id="CHE-116.281.710",
        plan="light",
        centres=(CentreSpec("PFL", "Nursing care", None, 6), CentreSpec("ARZ", "Physicians", None, 2)),
        crowd=Crowd(employees=640, joiners_a_month=5, leavers_a_month=4),
        rates=Rates(
            rhythm="shop",
            sessions=60,
            activities=90,
            contributions=40,
            web_courses=85,
            members=520,
            membership_moves=30,
        ),
        key_prefix="ac",
    ),
    _child(
        "alpina-logistics",
        name="Himadri Logistics Pvt. Ltd.",
        country="IN",
        time_zone="Asia/Kolkata",
        address="14 Dock Road\nKolkata 700043",
        tax_id="19AAACH7409R1ZZ",
        plan="standard-concurrent",
        addons=("virtual-classroom",),
        centres=(
            CentreSpec("FLEET", "Fleet", None, 4),
            CentreSpec("YARD", "Yards", None, 4),
            CentreSpec("DESK", "Dispatch", None, 2),
        ),
        crowd=Crowd(employees=450, joiners_a_month=4, leavers_a_month=3),
        rates=Rates(
            rhythm="shop", sessions=480, session_minutes=100, activities=50, web_courses=40, classes=2, members=120
        ),
        key_prefix="al",
    ),
)

CUSTOMERS = (BANK, RETAILER, UNIVERSITY, SOFTWARE, CHARITY, RESELLER, *CHILDREN)
