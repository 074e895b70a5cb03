"""What PostgreSQL answers to a command: DELETE 3, INSERT 0 5."""


def affected_rows(tag: str) -> int:
    return int(tag.rpartition(" ")[2])
