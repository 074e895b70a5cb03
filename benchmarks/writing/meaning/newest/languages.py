"""Facts of other languages, whose nouns all have one gender, and questions for a state of them."""

from dataclasses import dataclass

from benchmarks.writing.meaning.newest.story import Ask, Fact
from benchmarks.writing.meaning.newest.values import number, person, price, reading, street


@dataclass(frozen=True)
class Language:
    tag: str
    facts: tuple[Fact, ...]
    small_talk: tuple[str, ...]
    newest: tuple[str, ...]
    first: tuple[str, ...]
    before: tuple[str, ...]

    def asks(self) -> dict[str, Ask]:
        found = {f"newest: {text}": Ask(text, -1) for text in self.newest}
        found |= {f"first: {text}": Ask(text, 0, 1) for text in self.first}
        return found | {f"before: {text}": Ask(text, 0, -1) for text in self.before}


LANGUAGES = {
    "german": Language(
        "de",
        (
            Fact("Adresse", ("Meine Adresse ist {v}.", "Bin umgezogen, meine Adresse ist {v}."), street),
            Fact("Telefonnummer", ("Meine Telefonnummer ist {v}.", "Meine Telefonnummer lautet {v}."), number),
            Fact("Miete", ("Meine Miete beträgt {v}.", "Die Miete, meine, ist {v}."), price),
            Fact("Kundennummer", ("Meine Kundennummer ist {v}.", "Kundennummer ist {v}."), reading),
            Fact("Ärztin", ("Meine Ärztin ist {v}.", "Als Ärztin habe ich {v}."), person),
        ),
        ("Das Wetter war furchtbar.", "Der Bus kam wieder zu spät.", "Es gab Pfannkuchen."),
        ("Wie ist meine {n} jetzt?", "Was ist meine aktuelle {n}?", "Was ist meine neueste {n}?"),
        ("Was war meine erste {n}?", "Wie war meine {n} ganz am Anfang?", "Was war meine ursprüngliche {n}?"),
        ("Wie war meine {n} früher?", "Was war meine vorherige {n}?"),
    ),
    "french": Language(
        "fr",
        (
            Fact("loyer", ("Mon loyer est de {v}.", "Je paie {v} comme loyer."), price),
            Fact("code", ("Mon code est {v}.", "J'ai le code {v}."), reading),
            Fact("médecin", ("Mon médecin est {v}.", "Comme médecin, j'ai {v}."), person),
            Fact("numéro de client", ("Mon numéro de client est {v}.", "Numéro de client : {v}."), reading),
            Fact("numéro de téléphone", ("Mon numéro de téléphone est le {v}.", "Mon téléphone, c'est le {v}."), number),
        ),
        ("Il a plu toute la journée.", "Le bus était encore en retard.", "On a mangé des crêpes."),
        ("Quel est mon {n} maintenant ?", "Quel est mon {n} actuel ?", "Quel est mon dernier {n} ?"),
        ("Quel était mon premier {n} ?", "Quel était mon {n} au début ?"),
        ("Quel était mon {n} avant ?", "Quel était mon ancien {n} ?"),
    ),
    "spanish": Language(
        "es",
        (
            Fact("dirección", ("Mi dirección es {v}.", "Me mudé, mi dirección es {v}."), street),
            Fact("cuenta", ("Mi cuenta es la {v}.", "Tengo la cuenta {v}."), reading),
            Fact("tarifa", ("Mi tarifa es de {v}.", "Pago la tarifa de {v}."), price),
            Fact("doctora", ("Mi doctora es {v}.", "Como doctora tengo a {v}."), person),
            Fact("clave", ("Mi clave es {v}.", "Puse la clave {v}."), reading),
        ),
        ("Hoy llovió todo el día.", "El autobús llegó tarde otra vez.", "Comimos tortitas."),
        ("¿Cuál es mi {n} ahora?", "¿Cuál es mi {n} actual?", "¿Cuál es mi {n} más reciente?"),
        ("¿Cuál fue mi primera {n}?", "¿Cuál era mi {n} al principio?"),
        ("¿Cuál era mi {n} antes?", "¿Cuál era mi {n} anterior?"),
    ),
}  # fmt: skip
