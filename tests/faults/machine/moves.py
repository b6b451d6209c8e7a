"""docs/states.md a second time, as data: which words may follow which. And what the machine's shop sells."""

ORDER = {
    "awaiting": {"paid", "review", "expired", "cancelled"},
    "expired": {"paid", "review"},
    "review": {"paid", "cancelled"},
    "paid": {"refunded", "cancelled"},
    "cancelled": set(),
    "refunded": set(),
}
ATTEMPT = {
    "creating": {"open", "create_failed", "failed", "review"},
    "create_failed": {"failed", "review"},
    "open": {"superseded", "failed", "paid", "review"},
    "superseded": {"failed", "paid", "review"},
    "failed": {"paid", "review"},
    "review": {"paid", "failed"},
    "paid": set(),
}
# Attempts an order goes through in one step: a try is written as creating and has its outcome before the step ends.
BEGINS = {"open", "create_failed"}

PRICES = {"STA-BEA-ONE": 320, "MUG-SPE-CRE": 1200, "KIO-CLA-TER": 2450}
SHELF = {"STA-BEA-ONE": 6, "MUG-SPE-CRE": 3, "KIO-CLA-TER": 4}
AREAS = {"nairobi-cbd": 200, "pickup": 0}
# kind, value, least goods, most uses: few, so that they run out
CODES = {
    "KARIBU10": ("percent", 10, 0, None),
    "KWANZA50": ("percent", 15, 1000, 2),
    "ZAWADI": ("fixed", 100_000, 0, 1),
}


def reduction(code: str, goods: int) -> int:
    """Whole shillings that a code takes off."""
    kind, value, _, _ = CODES[code]
    return min(goods, goods * value // 100 if kind == "percent" else value)


def within(steps: int, table: dict[str, set[str]], word: str) -> set[str]:
    """The words that may follow in so many moves, itself among them."""
    words = {word}
    for _ in range(steps):
        words |= {follows for one in words for follows in table[one]}
    return words
