"""An error of the backend as a line for who runs a command: with what to set, and to what."""

from http import HTTPStatus

from longroom.client import (
    BackendError,
    BackendProtocolError,
    BackendRejected,
    BackendUnavailable,
)

ADDRESS = "BACKEND_URL (or --backend)"
KEY = "BACKEND_SERVICE_KEY (or --service-key)"
RIGHT_KEY = "the key that the backend was started with, or to one of `longroom keys create`"


def advised(error: BackendError) -> str:
    mend = mend_of(error)
    return f"{told(error)}; {mend}" if mend else told(error)


def told(error: BackendError) -> str:
    """What is wrong; of a missing key not how programs send it, which helps nobody here."""
    if not isinstance(error, BackendRejected) or error.status != HTTPStatus.UNAUTHORIZED:
        return str(error)
    if not error.with_key:
        return f"the backend at {error.url} asks for a key ({error.status}), and none is set"
    return f"the backend at {error.url} does not know the key that is set ({error.status})"


def mend_of(error: BackendError) -> str:
    """Empty where the error says it itself."""
    match error:
        case BackendUnavailable(status=None):
            return f"start it (`longroom backend`), or correct {ADDRESS}"
        case BackendUnavailable():
            return f"look into its log, or correct {ADDRESS} if that is another program"
        case BackendProtocolError():
            return f"correct {ADDRESS}: {error.url} may be another program, or an older backend"
        case BackendRejected(status=HTTPStatus.UNAUTHORIZED):
            return f"set {KEY} to {RIGHT_KEY}"
        case BackendRejected(status=HTTPStatus.FORBIDDEN) if error.with_key:
            return f"set {KEY} to another key, of `longroom keys create NAME --scope SCOPE`"
        case BackendRejected() if error.gave_no_reason:
            return f"correct {ADDRESS}: {error.url} may be another program"
    return ""
