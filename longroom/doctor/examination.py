"""The whole examination, in the order in which things depend on each other."""

from pathlib import Path

from longroom.doctor.database import examine_database
from longroom.doctor.embedding import examine_embedding
from longroom.doctor.finding import Finding
from longroom.doctor.installation import examine_installation
from longroom.doctor.services import Addresses, examine_services
from longroom.doctor.storage import examine_storage


async def examine(data_dir: Path, *, addresses: Addresses) -> list[Finding]:
    """Every finding; a part that needs what is broken says so by failing itself."""
    findings = examine_installation()
    findings += examine_storage(data_dir)
    findings += await examine_database(data_dir)
    findings += await examine_embedding()
    findings += await examine_services(addresses)
    return findings
