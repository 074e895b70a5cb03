"""Speech that comes as data: what a participant sends on a topic is heard word by word."""

import asyncio

from livekit import rtc

from testbed.scripted_stt import ScriptedSTT

TOPIC = "benchmark.say"
WORD_S = 0.05
PAUSE_S = 0.3


class SpokenData(ScriptedSTT):
    def __init__(self, room: rtc.Room) -> None:
        super().__init__()
        self._saying: set[asyncio.Task[None]] = set()
        room.on("data_received", self._hear)

    def _hear(self, packet: rtc.DataPacket) -> None:
        if packet.topic != TOPIC:
            return
        task = asyncio.create_task(self.say(packet.data.decode(), word_s=WORD_S, pause_s=PAUSE_S))
        self._saying.add(task)
        task.add_done_callback(self._saying.discard)
