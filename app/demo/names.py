"""Words that the demo world is made of. Invented; any likeness is chance."""

__all__ = (
    "CLASS_COURSES",
    "COMMUNITIES",
    "FIRST_NAMES",
    "LAST_NAMES",
    "OBJECTS",
    "PROGRAMS",
    "SIMULATIONS",
    "WEB_COURSES",
)

FIRST_NAMES = (
    "Ada", "Adrian", "Aisha", "Alba", "Alexei", "Amara", "Ana", "Anders", "Anouk", "Arjun", "Beatriz", "Ben",
    "Camille", "Carlos", "Chiara", "Daan", "Daniel", "Devi", "Elif", "Emil", "Emma", "Esra", "Fatima", "Felix",
    "Finn", "Freya", "Gabriel", "Greta", "Hana", "Hugo", "Ida", "Imran", "Ines", "Ivan", "Jakob", "Jana", "Joao",
    "Jonas", "Julia", "Kaito", "Karim", "Katya", "Lars", "Laura", "Leila", "Leon", "Lina", "Luca", "Maja", "Malik",
    "Marta", "Matteo", "Mei", "Mila", "Nadia", "Nils", "Noor", "Olga", "Oscar", "Paula", "Pedro", "Priya", "Rafael",
    "Rosa", "Ruth", "Sami", "Sara", "Selin", "Simon", "Sofia", "Tariq", "Theo", "Tomas", "Uma", "Vera", "Viktor",
    "Wanda", "Yara", "Yusuf", "Zoe",
)  # fmt: skip

LAST_NAMES = (
    "Abbott", "Aydin", "Bakker", "Bauer", "Becker", "Bianchi", "Brandt", "Castro", "Chen", "Costa", "Dahl",
    "Das", "Dubois", "Eriksen", "Evans", "Ferrari", "Fischer", "Garcia", "Gruber", "Haddad", "Hansen", "Hofer",
    "Hughes", "Iyer", "Jansen", "Johansson", "Kaya", "Keller", "Khan", "Kovacs", "Kowalski", "Lang", "Lehmann",
    "Lindberg", "Lopez", "Marino", "Martin", "Meyer", "Moreau", "Murphy", "Nakamura", "Novak", "Okafor", "Olsen",
    "Patel", "Peeters", "Popov", "Quinn", "Rao", "Ricci", "Rossi", "Santos", "Schmid", "Silva", "Singh", "Smit",
    "Steiner", "Tanaka", "Taylor", "Torres", "Vogel", "Wagner", "Walker", "Weber", "Wolf", "Wright", "Yilmaz",
    "Young", "Zhang", "Zimmer",
)  # fmt: skip

COMMUNITIES = (
    "new-joiners", "ask-an-expert", "idea-market", "sales-stories", "data-and-spreadsheets", "safety-first",
    "women-in-leadership", "green-office", "product-feedback", "release-forecasts", "mentoring", "lunch-and-learn",
)  # fmt: skip

WEB_COURSES = (
    "data-protection-basics", "anti-money-laundering", "information-security", "first-week", "checkout-and-returns",
    "food-safety", "negotiating-with-calm", "spreadsheets-that-add-up", "writing-for-customers", "fire-safety",
    "giving-feedback", "sql-in-an-afternoon", "accessible-documents", "conflict-of-interest",
)  # fmt: skip

CLASS_COURSES = ("leading-a-team", "first-aid", "difficult-conversations", "advanced-negotiation", "train-the-trainer")

SIMULATIONS = ("branch-audit", "incident-drill", "price-change-weekend")

PROGRAMS = ("certified-adviser", "store-manager-path")

OBJECTS = ("wiki_page", "video", "document", "discussion", "blog_post", "profile", "course_page")
