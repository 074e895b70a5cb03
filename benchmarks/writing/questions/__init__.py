"""Questions by hand about one messy chat of a house, in which seven people and the agent write.

`chat.txt` has one message a line: days ago, time (UTC), speaker, a mark if a question is about it,
text. Questions name their evidence by these marks: any of them may come first.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

from benchmarks.writing.trial import Chat, Draw, Row, Said

CHAT = Path(__file__).with_name("chat.txt")


@dataclass(frozen=True)
class Line:
    said: Said
    mark: str


QUESTIONS = (
    ("Bram", "what's the front door code now?", "door3"),
    ("Marisol", "what was the very first code of the front door?", "door1"),
    ("Yusuf", "Which door code did we have before the current one?", "door2"),
    ("Olena", "how do I reach the plumber?", "plumber2"),
    ("Kenji", "who does 01705550143 belong to", "plumber"),
    ("Petra", "whose number is +49 170 5552986?", "plumber2"),
    ("Saoirse", "guest wlan password?", "wifi1"),
    ("Olena", "What is my VAT number?", "olenavat"),
    ("Kenji", "when was the lift inspected", "lift1"),
    ("Yusuf", "what was wrong with the radiator in 2.04?", "heating2"),
    ("Petra", "which car was in Marisol's parking spot", "bmw"),
    ("Kenji", "where is parcel JX441088726", "parcel_cafe kenji_parcel"),
    ("Olena", "how did we fix the printer error 59.F0", "printer_fix"),
    ("Bram", "who has the projektor", "beamer"),
    ("Marisol", "what did the oven repair cost me?", "oven2"),
    ("Petra", "elektrician phone number", "electrician"),
    ("Yusuf", "case number of the police for my bicycle", "police_ref"),
    ("Yusuf", "Where did my bike turn up?", "bike_found"),
    ("Kenji", "how much is the attic going to cost", "rent2"),
    ("Bram", "which disk did I order for the NAS?", "disk"),
    ("Petra", "who set off the alarm in the night", "alarm_cause"),
    ("Olena", "why was the payment of Tessaro wrong?", "invoice_paid"),
    ("Olena", "rechnung 2091 wie viel war offen", "invoice_tessaro"),
    ("Kenji", "who bought the blue picture with the cranes", "buyer"),
    ("Saoirse", "how many keys for the yard door does each floor get?", "lock"),
    ("Yusuf", "what does a third key cost", "third_key"),
    ("Bram", "password of my hotspot", "hotspot"),
    ("Yusuf", "when did Saoirse ni Dhomhnaill start", "new_person"),
    ("Marisol", "¿Hasta qué hora puedo pedir la leche?", "milk"),
    ("Marisol", "telephone of Molkerei Bruning", "brüning_phone"),
    ("Petra", "insurance policy GH55190277 hotline", "insurance"),
    ("Kenji", "what did the glazier charge", "glazier_bill"),
    ("Saoirse", "where can I find a lamp for my desk?", "lamp"),
    ("Saoirse", "is the gazpacho vegan", "vegan"),
    ("Kenji", "which account ending in 0417", "deposit"),
    ("Petra", "where do I turn off the water in case of a flood?", "main_valve"),
    ("Timofey", "what caused the flood in the cellar", "flood_cause"),
    ("Bram", "what ups did we buy and how long is the warranty", "ups"),
    ("Petra", "who removes the wasp nest?", "wasps_man"),
    ("Timofey", "when do we get our salary", "payroll"),
    ("Marisol", "what can Saoirse not eat?", "allergy"),
    ("Yusuf", "at what time is the fire drill?", "fire_drill2"),
    ("Kenji", "青い鍵はどこ", "blue_key"),
    ("Olena", "какие чеки нужны налоговой", "receipts"),
    ("Yusuf", "when does the router reboot", "router_reboot2"),
    ("Marisol", "until when is the terrace allowed?", "terrace_ok"),
    ("Saoirse", "who gets parking spot 6", "parking_who"),
    ("Timofey", "how long does the battery of the old laptop last", "battery"),
    ("Kenji", "Notrufnummer vom Aufzug", "lift2"),
    ("Bram", "where is the new vpn config", "vpn_config"),
    ("Yusuf", "how much heating money does floor 2 get back?", "heating_cost"),
    ("Saoirse", "where is the first aid box", "first_aid first_aid2"),
    ("Petra", "on which days is the caretaker in the house", "caretaker"),
    ("Marisol", "wohin mit den kaputten Gläsern?", "glass"),
    ("Olena", "which mails must we not open", "phishing"),
    ("Olena", "where is the slip with my new password", "olena_pw"),
    ("Yusuf", "who is the customer we won two weeks ago", "demo_client"),
    ("Marisol", "when is the boiler serviced?", "boiler2"),
    ("Saoirse", "where was badge 0388 found?", "badge_found"),
    ("Bram", "who can lend a long ladder", "ladder"),
    ("Petra", "whose wallet was in the gutter", "wallet"),
    ("Marisol", "part number of the freezer seal", "freezer_seal"),
    ("Yusuf", "where is our standup on monday", "standup_kitchen"),
    ("Kenji", "who waters my plants and how often", "plants"),
    ("Petra", "what is the name of the auditor", "audit"),
    ("Saoirse", "what's my new address?", "saoirse_move"),
    ("Petra", "where is the road salt", "snow"),
    ("Yusuf", "what did Kenji tell us yesterday or the day before about Japan?", "kenji_trip"),
    ("Yusuf", "what's the frame number of my bike", "bike"),
    ("Saoirse", "how much is lunch at the moment?", "price_menu"),
    ("Kenji", "who sells a laptop", "laptop"),
    ("Petra", "when do the window cleaners come", "window_cleaner"),
    ("Olena", "iban of the new house bank", "bank"),
    ("Yusuf", "timofeys e-mail address", "timofey_mail"),
    ("Bram", "phone of the caretaker", "caretaker_phone"),
    ("Kenji", "where can I scan A2 sheets?", "scanner"),
    ("Marisol", "what do we eat at the christmas dinner", "christmas"),
    ("Petra", "whats Olenas new mobile number", "olena_new_number"),
    ("Olena", "wo ist die blaue Bohrmaschine", "drill"),
    ("Petra", "who replaces Olena during her hoilday", "olena_holiday"),
    ("Kenji", "how long was I stuck in the lift", "lift_stuck"),
    ("Petra", "how much is the new printer a month", "ticket_printer"),
)  # fmt: skip


def lines() -> list[Line]:
    return [_line(text) for text in CHAT.read_text(encoding="utf-8").splitlines() if text.strip()]


def rows(draw: Draw) -> list[Row]:
    """In the order of QUESTIONS; ages count from the day of the run."""
    kept = lines()
    midnight = datetime.combine(draw.today, time(), UTC)
    since_midnight = (draw.now - midnight) / timedelta(days=1)
    chat = Chat(tuple(_aged(line.said, since_midnight) for line in kept))
    places = {line.mark: place for place, line in enumerate(kept) if line.mark}
    return [
        Row(chat, asked, frozenset(places[mark] for mark in marks.split()), asker=asker)
        for asker, asked, marks in QUESTIONS
    ]


def _line(text: str) -> Line:
    """`days_ago` counts from midnight of the day of the run."""
    days, at, rest = text.split(" ", 2)
    speaker, _, said = rest.partition(": ")
    mark = ""
    if said.startswith("["):
        mark, _, said = said[1:].partition("] ")
    hours, minutes = map(int, at.split(":"))
    age = int(days) - (hours + minutes / 60) / 24
    return Line(Said(said, age, speaker, "assistant" if speaker == "Agent" else "user"), mark)


def _aged(said: Said, since_midnight: float) -> Said:
    return Said(said.text, said.days_ago + since_midnight, said.speaker, said.role)
