"""Many gates, one error: step-down on e-values, under any dependence between gates.

Holm's procedure needs only that each test's level holds. A gate, though, is two tests, PASS
and FAIL, and always one of the two would be wrong; counting correct decisions of the *other*
direction as steps would let the error of a family of gates grow to
alpha (1 + 1/2 + ... + 1/m), since a sequential test decides nearly everything in the end. So
each direction is a family of its own: all wrong PASSes together have probability <= alpha,
and so have all wrong FAILs.

Source: Holm, Scandinavian Journal of Statistics 6 (1979), 65-70; e-values as anytime
p-values: Wang and Ramdas, JRSS-B 84 (2022), arXiv:2009.02824.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Decision = Literal["pass", "fail", "open"]


@dataclass(frozen=True, slots=True)
class EHolm:
    """Decides `gates` claims with error `alpha` in each direction."""

    gates: int
    alpha: float

    @property
    def first(self) -> float:
        """Log evidence that decides a gate before any other is decided."""
        return math.log(self.gates / self.alpha)

    def decide(self, log_es: Sequence[tuple[float, float]]) -> list[Decision]:
        """One decision a gate, in the order given, from (log_e_pass, log_e_fail).

        Give running maxima: then a decision, once taken, stands.
        """
        passed = self._step_down([evidence for evidence, _ in log_es])
        failed = self._step_down([evidence for _, evidence in log_es])
        decisions: list[Decision] = []
        for index, (for_pass, for_fail) in enumerate(log_es):
            if index in passed and (index not in failed or for_pass > for_fail):
                decisions.append("pass")
            else:
                decisions.append("fail" if index in failed else "open")
        return decisions

    def _step_down(self, evidence: Sequence[float]) -> frozenset[int]:
        strongest = sorted(range(len(evidence)), key=lambda index: -evidence[index])
        taken = 0
        for index in strongest:
            if evidence[index] < math.log(max(self.gates - taken, 1) / self.alpha):
                break
            taken += 1
        return frozenset(strongest[:taken])
