"""References on the command line, turned into files on this machine."""

from steelyard.subjects import local, reference, resolve
from steelyard.subjects.settings import FetchSettings


def files(text: str, *, offline: bool) -> local.Local:
    """The files that `text` names, fetched if need be; the embedded model for the empty text.

    Raises:
        InputError: not a reference, or nothing there, or an endpoint.
        UnavailableError: it could not be fetched.
    """
    return resolve.fetch(reference.parse(text), FetchSettings(offline=offline))
