"""Forty letters for a desk on a busy morning: a third by voice, in five languages, some about danger."""

from datetime import date, timedelta

from tests.desk.window_helpers import TODAY, Office, voice

WORDS = {
    "ta": "செங்கல் சூளையில் {} பேர் முன்பணத்துக்காக வேலை செய்கிறார்கள், வெளியே விடுவதில்லை",
    "te": "పొలంలో {} మంది అప్పు తీరే వరకు పని చేయాలంటున్నారు, బయటకు వెళ్ళనివ్వరు",
    "hi": "भट्ठे पर {} लोग हैं, ठेकेदार ने मजदूरी रोक रखी है और पहचान पत्र ले लिए हैं",
    "or": "ଇଟା ଭାଟିରେ {} ଜଣ କାମ କରୁଛନ୍ତି, ଅଗ୍ରୀମ ପାଇଁ ଛାଡୁ ନାହାନ୍ତି",
    "en": "The contractor at mill number {} keeps the papers of everybody and pays no wages",
}
DISTINCT = [
    "amber",
    "basil",
    "cedar",
    "delta",
    "ember",
    "fjord",
    "grove",
    "heath",
    "inlet",
    "jetty",
    "knoll",
    "larch",
    "marsh",
    "north",
    "ocean",
    "pines",
    "quarry",
    "ridge",
]


def forty(office: Office) -> list[str]:
    """Put forty letters into the store; return their ids."""
    return [_letter(office, number) for number in range(40)]


def _letter(office: Office, number: int) -> str:
    language = list(WORDS)[number % 5]
    day = (TODAY - timedelta(days=number % 13)).isoformat()
    is_voice = number % 3 == 0
    words = (
        WORDS[language].format(number + 2) + " " + " ".join(DISTINCT[(number * 7 + step * 3) % 18] for step in range(6))
    )
    return office.letter(
        "" if is_voice else words, day=day, language=language, danger="yes" if number % 5 == 0 else "no",
        place=("northtown", "southtown", "hillside")[number % 3], work=("kiln", "farm")[number % 2], people=number + 2,
        children=("yes", "no", "unknown")[number % 3], can_leave=("no", "unknown", "yes")[number % 3],
        receipt=number % 4 != 0, parts=[("voice", voice())] if is_voice else (),
    )  # fmt: skip


def first_day() -> date:
    """Return the day of the oldest of them."""
    return TODAY - timedelta(days=12)
