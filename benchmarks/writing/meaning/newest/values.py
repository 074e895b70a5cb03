"""Invented values of facts."""

from random import Random

from benchmarks.writing.names.latin import name


def street(random: Random) -> str:
    return f"{random.randint(2, 180)} {name(random)} Road"


def number(random: Random) -> str:
    return f"0{random.randrange(1000, 9999)} {random.randrange(100000, 999999)}"


def price(random: Random) -> str:
    return f"{random.randint(12, 950)} euros"


def reading(random: Random) -> str:
    return f"{random.randint(1000, 99999)}"


def person(random: Random) -> str:
    return name(random)
