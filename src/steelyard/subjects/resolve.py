"""From a reference to files on this machine."""

from steelyard.errors import InputError
from steelyard.subjects import local
from steelyard.subjects.local import Local
from steelyard.subjects.reference import S3, Endpoint, Hub, LocalPath, PyPI, Reference
from steelyard.subjects.settings import FetchSettings


def fetch(reference: Reference, settings: FetchSettings) -> Local:
    """The files that `reference` names, fetched into the cache where they are not here.

    Raises:
        InputError: nothing there, or an endpoint, which has no files.
        OfflineError: it would need the network, which `settings` forbid.
        UnavailableError: it cannot be fetched, or is not what was promised.
        EvidenceError: a cached copy was changed.
    """
    match reference:
        case LocalPath(path=path):
            return local.read(path)
        case PyPI():
            from steelyard.subjects import pypi

            return pypi.fetch(reference, settings)
        case Hub():
            from steelyard.subjects import hub

            return hub.fetch(reference, settings)
        case S3():
            from steelyard.subjects import s3

            return s3.fetch(reference, settings)
        case Endpoint():
            raise InputError(f"{reference} is an endpoint: it can be asked, but has no files here")
