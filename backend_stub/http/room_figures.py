"""Figures of the rooms in memory for Prometheus."""

from collections.abc import Callable, Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from retrieval.search.memory.figures import Figures


class RoomFigures(Collector):
    """As they are when somebody asks; all of them 0 where no rooms are kept."""

    def __init__(self, figures: Callable[[], Figures] = Figures) -> None:
        self.figures = figures

    def collect(self) -> Iterator[Metric]:
        figures = self.figures()
        yield GaugeMetricFamily(
            "longroom_rooms_in_memory", "Rooms that are searched in memory", figures.rooms
        )
        yield GaugeMetricFamily(
            "longroom_room_memory_bytes", "Memory that they take", figures.bytes
        )
        searches = CounterMetricFamily(
            "longroom_searches_answered",
            "Searches by what answered them: memory, or the tables",
            labels=["by"],
        )
        searches.add_metric(["memory"], figures.answered)
        searches.add_metric(["tables"], figures.missed)
        yield searches
        yield CounterMetricFamily("longroom_room_fills", "Rooms taken into memory", figures.fills)
        yield CounterMetricFamily(
            "longroom_room_evictions", "Rooms put out of memory for others", figures.evictions
        )
