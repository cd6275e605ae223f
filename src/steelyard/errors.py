"""Every error the package raises on purpose.

* SteelyardError            could not do it, and it is our fault or the machine's
  x InputError              what the caller gave cannot be used (exit 2)
  x EvidenceError           a statement, envelope or digest does not verify (exit 1)
  x UnavailableError        the thing to be examined could not be evaluated (exit 4)
    x OfflineError          it would need the network, and `--offline` forbids it
    x TargetLostError       no later call can succeed: key refused, process died

Library code raises; only `steelyard.cli` turns an error into a line of text and an exit
code. The first line of a message says what is wrong and where; an optional second sentence
says what to do.
"""


class SteelyardError(Exception):
    """Base of every error raised on purpose."""


class InputError(SteelyardError):
    """The caller's file, reference, option or policy cannot be used."""


class EvidenceError(SteelyardError):
    """A statement, signature or digest does not verify."""


class UnavailableError(SteelyardError):
    """The model or endpoint could not be evaluated: unreadable, down, refused, empty."""


class OfflineError(UnavailableError):
    """The network is needed, and `--offline` was asked for."""


class TargetLostError(UnavailableError):
    """No later call to this model can succeed: the key is refused, its process died."""
