"""The whole examination, in the order of dependence."""

from pathlib import Path

from longroom.doctor.database import examine_database
from longroom.doctor.embedding import examine_embedding
from longroom.doctor.finding import Finding
from longroom.doctor.installation import examine_installation
from longroom.doctor.services import examine_services
from longroom.doctor.settings import configured_addresses, examine_settings
from longroom.doctor.storage import examine_storage


async def examine(data_dir: Path) -> list[Finding]:
    """Stops after unusable settings."""
    findings = [*examine_installation(), *examine_storage(data_dir), *examine_settings()]
    if any(finding.name == "settings" and finding.status == "fail" for finding in findings):
        return findings
    findings += await examine_database(data_dir)
    findings += await examine_embedding()
    findings += await examine_services(configured_addresses())
    return findings
