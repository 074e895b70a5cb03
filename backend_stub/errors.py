"""Why the backend does not start.

BackendStartError
├─ OpenBindRefused    an address beyond loopback without a credential
├─ AddressRefused     the port is in use, or the address is not ours
└─ DatabaseRefused    the database answers, and refuses what the start asks of it
"""


class BackendStartError(Exception):
    """The message says how to fix it."""


class OpenBindRefused(BackendStartError):
    """An address beyond loopback without a credential."""


class AddressRefused(BackendStartError):
    """The port is in use, or the address is not ours."""


class DatabaseRefused(BackendStartError):
    """The database answers, and refuses what the start asks of it."""
