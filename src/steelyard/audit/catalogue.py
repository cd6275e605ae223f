"""Which probes there are, and which of them a person asked for."""

from collections.abc import Iterable
from difflib import get_close_matches
from fnmatch import fnmatchcase

from steelyard import plugins
from steelyard.audit.probe import Probe
from steelyard.errors import InputError
from steelyard.policy.policy import Policy

SELFTEST = "selftest.*"
"""Not part of a default audit: they say something about the engine, not about a model."""


def probes(globs: Iterable[str] = ()) -> list[Probe]:
    """Instances of every installed probe that one of `globs` names, sorted by id.

    No globs: all but the self-tests. A glob that starts with `-` takes away.

    Raises:
        InputError: a glob names nothing, with the nearest ids; or nothing is left.
    """
    known = plugins.names("probes")
    wanted = [glob.strip() for glob in globs if glob.strip()]
    if not any(not glob.startswith("-") for glob in wanted):
        wanted = ["*", f"-{SELFTEST}", *wanted] if len(known) > 1 else ["*", *wanted]
    chosen: set[str] = set()
    for glob in wanted:
        names = {name for name in known if fnmatchcase(name, glob.removeprefix("-"))}
        if not names and glob != f"-{SELFTEST}":
            raise InputError(f"no probe is called {glob!r}{_near(glob.removeprefix('-'), known)}")
        chosen = chosen - names if glob.startswith("-") else chosen | names
    if not chosen:
        raise InputError("no probe is left; `steelyard probes` lists them")
    return [_made(name, make()) for name, make in plugins.every("probes", chosen).items()]


def check(policy: Policy, chosen: Iterable[Probe]) -> None:
    """Refuse a policy that gates on something no installed probe yields.

    Raises:
        InputError: which metric, with the nearest ones.
    """
    known = plugins.names("probes")
    metrics = {probe.card.id: {m.name for m in probe.card.measures} for probe in chosen}
    for gate in policy.gates:
        probe, _, measure = gate.metric.rpartition(".")
        if probe not in known:
            raise InputError(
                f"policy {policy.id!r} gates on {gate.metric!r}, and no probe is called "
                f"{probe!r}{_near(probe, known)}"
            )
        if measure not in metrics.get(probe, {measure}):
            raise InputError(
                f"policy {policy.id!r} gates on {gate.metric!r}; probe {probe!r} measures "
                f"{', '.join(sorted(metrics[probe]))}"
            )


def _made(name: str, probe: Probe) -> Probe:
    if probe.card.id != name:
        raise InputError(f"probe {probe.card.id!r} is installed under the name {name!r}")
    return probe


def _near(glob: str, known: list[str]) -> str:
    rooms = sorted({f"{name.partition('.')[0]}.*" for name in known})
    near = get_close_matches(glob, [*known, *rooms], n=3, cutoff=0.5)
    near = near or [name for name in known if glob.strip("*.") and glob.strip("*.") in name][:3]
    hint = f"; did you mean {' or '.join(near)}?" if near else f"; try {', '.join(rooms) or 'none'}"
    return f"{hint} (`steelyard probes` lists them)"
