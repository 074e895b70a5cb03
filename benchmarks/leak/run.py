"""All probes against one backend, and what it gave away."""

import asyncio
import random
import sys
from collections.abc import Iterator
from urllib.parse import urlsplit

from benchmarks.leak.credentials import Credential, credentials
from benchmarks.leak.judge import Findings, judge
from benchmarks.leak.operations import operations
from benchmarks.leak.probe import Probe
from benchmarks.leak.probes import INJECTING, Prober
from benchmarks.leak.tricks import Tricks
from benchmarks.leak.wire import exchange
from benchmarks.leak.world import World, changes, kept

AT_ONCE = 12
TRICKED = ("none", "token a", "token a, append", "alg none", "revoked key", "scope backfill")


async def probe_backend(world: World, *, most: int, seed: int) -> Findings:
    """`world` is filled already. About `most` probes, drawn by `seed`; 0: all."""
    who = await credentials(world)
    before = await kept(world)
    probes = list(await _probes(world, who))
    possible = len(probes)
    probes = drawn(probes, most, seed=seed)
    print(f"{len(probes)} of {possible} probes, {len(who)} credentials", file=sys.stderr)
    findings = Findings()
    address = urlsplit(world.url)
    waiting = iter(probes)

    async def ask() -> None:
        for probe in waiting:
            answer = await exchange(address.hostname or "", address.port or 80, probe.request)
            judge(world, probe, answer, findings)
            if findings.probes % 1000 == 0:
                print(f"{findings.probes} done", file=sys.stderr)

    await asyncio.gather(*(ask() for _ in range(AT_ONCE)))
    for change in await changes(world, before):
        findings.add("leaks", change)
    return findings


def drawn(probes: list[Probe], most: int, *, seed: int) -> list[Probe]:
    """In any order; of each group one at least, so that there may be more. 0: all."""
    random.Random(seed).shuffle(probes)  # noqa: S311  # spreads, guards nothing
    if not most:
        return probes
    first = list({probe.group: probe for probe in probes}.values())
    chosen = set(map(id, first))
    rest = [probe for probe in probes if id(probe) not in chosen]
    return first + rest[: max(0, most - len(first))]


async def _probes(world: World, who: list[Credential]) -> Iterator[Probe]:
    found = await operations(world)
    prober, tricks = Prober(world), Tricks(world)

    def all_probes() -> Iterator[Probe]:
        for operation in found:
            for one in who:
                yield from prober.of_operation(operation, one)
                yield from prober.in_anothers_name(operation, one)
                if one.name in INJECTING:
                    yield from prober.injected(operation, one)
        for one in who:
            if one.name in TRICKED:
                yield from tricks.all(one)

    return all_probes()
