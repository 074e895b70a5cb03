"""One run: written, seen, erased, looked for."""

import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

from agent.outbox.recovery import recover
from benchmarks.erase import erasing, restored
from benchmarks.erase.canary import Canaries, Canary, Found, missing
from benchmarks.erase.installation import Installation, invite, running
from benchmarks.erase.live_rooms import FOLDER, LiveRooms, until_gone
from benchmarks.erase.look.database import (
    analyze,
    look_into_files,
    note_vectors,
    rows_of_erased,
    vacuum_tables,
)
from benchmarks.erase.look.everywhere import NOT_LOOKED_INTO, look, look_before
from benchmarks.erase.look.planting import plant
from benchmarks.erase.scene import FILES, WAYS, Scene
from benchmarks.erase.worker_files import leave_files
from benchmarks.erase.writing import new_person, write_scene

GONE_FROM_FOLDER_S = 90.0
RECOVER_S = 20.0

Missing = tuple[Canary, str]


@dataclass(frozen=True)
class Plan:
    """`livekit`: the server's program; without it there are no live rooms. `planted`: canaries
    that nothing erases are put everywhere at the end, to see whether they are found.
    """

    seed: int
    scenes: int = 1
    crowd: int = 300
    queries: int = 100
    livekit: Path | None = None
    planted: bool = False
    ways: tuple[str, ...] = WAYS


async def run(plan: Plan, folder: Path) -> dict[str, Any]:
    began_at = time.monotonic()
    canaries = Canaries(Random(plan.seed))  # noqa: S311  # guards nothing
    async with running(folder) as one:
        _tell("writing")
        scenes = await _write(one, plan, canaries)
        await _export(one, scenes)
        live = None
        if plan.livekit is not None:
            people = await invite(one, plan.livekit)
            live = LiveRooms(one, people, canaries)
            await live.open()
        left = set[str]()
        for scene in scenes:
            left |= leave_files(one.worker_folder, scene, canaries)
        if live is not None:
            await live.cut()
        _tell("looking, before")
        before = await look_before(one, canaries, scenes, live, queries=plan.queries)
        blind = missing(_present(canaries, live), before)
        blind += [(canaries.all[word], FOLDER) for word in left - before[FOLDER]]
        restored.dump(one)
        _tell("erasing")
        await _erase(one, scenes, live)
        await _settle(one, canaries, live)
        await _import(one, scenes)
        planted = await plant(one, canaries, scenes, live) if plan.planted else {}
        _tell("looking, after")
        await vacuum_tables(one.database_url)
        after = dict(await look(one, canaries, scenes, live, queries=plan.queries))
        left_rows = await rows_of_erased(one.database_url)
        vacuumed = await look_into_files(one.database_url, canaries)
        one.command("erasures", "scrub", "--yes", DATABASE_URL=one.database_url)
        after[FILES] = await look_into_files(one.database_url, canaries)
        lost = missing(canaries.kept(), after)
        _tell("restoring")
        after |= await restored.found_again(await restored.restore_and_replay(one), canaries)
    return _figures(
        canaries, after, vacuumed, planted=planted, blind=blind, lost=lost, left_rows=left_rows
    ) | {"seconds": round(time.monotonic() - began_at, 1)}


async def _write(one: Installation, plan: Plan, canaries: Canaries) -> list[Scene]:
    scenes = []
    for way in plan.ways:
        person = new_person(canaries, way)
        for _ in range(plan.scenes * (2 if way == "everywhere" else 1)):
            crowd = plan.crowd if "killed" in way or way == "retention" else 0
            scenes.append(await write_scene(one.client, canaries, way, person=person, bulk=crowd))
    await erasing.embedded(one)
    for scene in scenes:
        seqs = scene.seqs if scene.way != "correction" else scene.seqs[:4]
        await note_vectors(one.database_url, scene.conversation_id, seqs, canaries)
        failure = canaries.new("failure of an embedding", scene.way, "table embedding_job.failure")
        await erasing.fail_embedding(one, scene, failure)
    await analyze(one.database_url)
    return scenes


def _present(canaries: Canaries, live: LiveRooms | None) -> list[Canary]:
    """What was kept while the backend was cut off arrives later."""
    waiting = set() if live is None else live.arrives_later
    return [one for one in canaries.all.values() if one.word not in waiting]


async def _export(one: Installation, scenes: list[Scene]) -> None:
    """Into files of a user, which are imported again after the erasures. While there is no LiveKit
    server: the command would open the room there.
    """
    (one.folder / "exports").mkdir()
    for number, scene in enumerate(scenes):
        file = one.folder / "exports" / f"{number}.jsonl"
        one.command("export", "--room", scene.name, "-o", str(file))


async def _import(one: Installation, scenes: list[Scene]) -> None:
    for number, scene in enumerate(scenes):
        if scene.way.partition(",")[0] in ("message", "participant", "everywhere"):
            file = one.folder / "exports" / f"{number}.jsonl"
            one.command("import", str(file))


async def _erase(one: Installation, scenes: list[Scene], live: LiveRooms | None) -> None:
    await one.kill_backend()
    await one.start_backend(BACKEND_KEEP_EDITS="false")
    if live is not None:
        await erasing.erase_live(one, live)
    for scene in scenes:
        await erasing.erase_scene(one, scene)
    await erasing.retain(one)


async def _settle(one: Installation, canaries: Canaries, live: LiveRooms | None) -> None:
    if live is not None:
        await live.ask_again()
        await live.people.restart_worker()
    else:
        await recover(one.worker_folder, client=one.client, timeout_s=RECOVER_S)
    await until_gone(one.worker_folder, canaries, timeout_s=GONE_FROM_FOLDER_S)
    await erasing.embedded(one)


def _figures(
    canaries: Canaries,
    after: Found,
    vacuumed: set[str],
    *,
    planted: dict[str, str],
    blind: list[Missing],
    lost: list[Missing],
    left_rows: int,
) -> dict[str, Any]:
    gone = {one.word for one in canaries.erased()} | set(canaries.vectors.values())
    gone -= set(planted.values())
    by_place = {place: words & gone for place, words in after.items() if words & gone}
    for place, words in by_place.items():
        for word in sorted(words):
            _tell(f"found in {place}: {canaries.all.get(word, word)}")
    for fault, which in (("not seen before", blind), ("lost", lost)):
        for canary, place in which:
            _tell(f"{fault} in {place}: {canary}")
    kept = canaries.kept()
    return {
        "canaries": len(gone),
        "found": len({word for words in by_place.values() for word in words}),
        "by_place": {place: len(words) for place, words in by_place.items()},
        "left_until_scrub": len(vacuumed & gone),
        "kept": len(kept) - len({canary.word for canary, _ in lost}),
        "kept_expected": len(kept),
        "not_seen_before": len(blind),
        "rows_of_erased": left_rows,
        "planted": len(planted),
        "planted_found": sum(word in after.get(place, ()) for place, word in planted.items()),
        "not_looked_into": list(NOT_LOOKED_INTO),
    }


def _tell(what: str) -> None:
    print(f"{datetime.now(UTC):%H:%M:%S} {what}", file=sys.stderr)
