"""A country, on paper: 800 districts, 10 million visits and 100,000 letters a day; what breaks first.

`python bench/country.py`. Figures stand in docs/measured.md, with how they were measured, or are called a guess here;
all else is arithmetic.
"""

DISTRICTS, VISITS, LETTERS = 800, 10_000_000, 100_000
DAY = 86_400
PEAK = 8.0
"""The busiest minutes beside the mean of a day: an evening after a broadcast; a guess."""

VISIT_BYTES, VISIT_REQUESTS = 10_000, 3  # a first visit with Brotli, the mean over pages and languages
LETTER_BYTES = 25_000  # sealed, without photos
WITH_SCRIPT, WITHOUT = 744.0, 43.0  # letters a second of one machine with two cores
SCRIPTLESS = 0.5  # of all letters; a guess
START_1, START_38 = 2.2, 14.9  # seconds until one service answers, two workers
MEMORY_1, MEMORY_38, MEMORY_MOST = 118.0, 279.0, 1500.0  # MB; the last is MemoryMax= of portal.service
BUDGET = 4 * 1024**3  # bytes of a district, as shipped
CONNECTIONS, THEIR_MOST = 40, 97  # of a service; of PostgreSQL as shipped
EVERY, LOOK = 900.0, 2.0  # seconds: portal-update.timer; one look that finds nothing new, a guess
PROCESSORS = 2  # as many districts are updated at once
NEW_LIBRARY, NEW_DAY = (
    22.0,
    2.8,
)  # seconds of processor for each district over one library, small, with speech and copies
A_SERVICE = 100  # districts of one service


def main() -> None:
    """Print what each part must bear, and how much it holds."""
    start, memory = (START_38 - START_1) / 37, (MEMORY_38 - MEMORY_1) / 37
    requests, bits = VISITS * VISIT_REQUESTS / DAY * PEAK, VISITS * VISIT_BYTES * 8 / DAY * PEAK / 1e6
    letters = LETTERS / DAY * PEAK
    busy = letters * (SCRIPTLESS / WITHOUT + (1 - SCRIPTLESS) / WITH_SCRIPT)
    full = BUDGET / (LETTERS / DISTRICTS * LETTER_BYTES)
    services = -(-DISTRICTS // A_SERVICE)
    look, hold = DISTRICTS * LOOK / PROCESSORS, EVERY / LOOK * PROCESSORS
    hours, minutes = DISTRICTS * NEW_LIBRARY / 3600, DISTRICTS * NEW_DAY / 60
    lines = (
        f"pages at the peak: {requests:,.0f} requests and {bits:,.0f} Mbit a second",
        f"letters at the peak: {letters:.0f} a second, {busy:.0%} of one machine with two cores",
        f"room: {LETTERS * LETTER_BYTES / 1e9:.1f} GB a day; the budget of a district is full after {full:,.0f} days",
        f"one service for all: start {START_1 + start * DISTRICTS:,.0f} s, {MEMORY_1 + memory * DISTRICTS:,.0f} MB",
        f"  MemoryMax holds {(MEMORY_MOST - MEMORY_1) / memory:,.0f} districts",
        f"{services} services of {A_SERVICE}: start {START_1 + start * A_SERVICE:.0f} s each",
        f"  connections: {services * CONNECTIONS}; PostgreSQL has {THEIR_MOST}",
        f"update, {PROCESSORS} at once: {look:,.0f} s; every {EVERY:,.0f} s; holds {hold:,.0f}",
        f"midnight, each built from what is kept: {minutes:.0f} minutes of processor",
        f"a new library or program, each built from nothing: {hours:.1f} hours of processor",
    )
    print("\n".join(lines))


if __name__ == "__main__":
    main()
