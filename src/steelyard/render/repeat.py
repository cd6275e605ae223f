"""The command that makes the same audit again."""

import shlex

from steelyard.evidence.predicates.audit import Audit


def command(audit: Audit) -> str:
    """A line for a shell, every part quoted."""
    parts = ["steelyard", "audit", audit.target.reference]
    parts += ["--policy", audit.policy, "--seed", audit.seed.value]
    if probes := [probe.id for probe in audit.probes]:
        parts += ["--probes", ",".join(probes)]
    for option in ("budget", "judge"):
        if value := audit.parameters.get(option):
            parts += [f"--{option}", str(value)]
    return shlex.join(parts)
