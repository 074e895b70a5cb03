"""The formats that an import knows, and which of them a file has."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from longroom.errors import ConfigurationError
from longroom.transfer.formats.csv_table import CsvTable
from longroom.transfer.formats.format import Format
from longroom.transfer.formats.jsonl import Jsonl
from longroom.transfer.formats.slack import Slack
from longroom.transfer.formats.tickets import Tickets
from longroom.transfer.formats.whatsapp import WhatsApp
from longroom.transfer.source import Source


@dataclass(frozen=True)
class FormatOptions:
    name: str | None = None
    """None: the format that recognises the file."""
    day_first: bool | None = None
    columns: Mapping[str, str] = field(default_factory=dict)
    """Of CSV: the header of a field."""
    ignore_unknown: bool = False


def known_formats(options: FormatOptions) -> Sequence[Format]:
    """Those that are surest first."""
    return [
        Slack(),
        WhatsApp(day_first=options.day_first),
        Tickets(),
        CsvTable(columns=options.columns, ignore_unknown=options.ignore_unknown),
        Jsonl(),
    ]


def format_of(source: Source, options: FormatOptions) -> Format:
    """Raises ConfigurationError if none is sure."""
    known = known_formats(options)
    for one in known:
        if one.name == options.name or (options.name is None and one.recognises(source)):
            return one
    names = ", ".join(sorted(one.name for one in known))
    raise ConfigurationError(
        f"the format of {source.name or 'standard input'} is not recognised;"
        f" name it with --format: {names}"
    )
