"""Why the backend does not start."""


class BackendStartError(Exception):
    """The message says how to fix it."""


class OpenBindRefused(BackendStartError):
    """An address beyond loopback without a credential."""


class AddressRefused(BackendStartError):
    """The port is in use, or the address is not ours."""
