"""Fit the refusal and delivery models, measure them, and write both into the package.

    STEELYARD_DATA=… .venv/bin/python tools/train_scorers.py

What ships is fitted on all public answers; what is stated as its error is measured on each
family of answers (another model, other annotators) by models fitted on the others alone.
Deterministic: the same data give the same files. Needs numpy and scipy (dev group).
"""

import codecs
import json
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from labelled_answers import Labelled, families, root
from scipy.optimize import minimize
from scipy.sparse import csr_matrix

from steelyard.detectors import harm, refusal
from steelyard.detectors.linear import LIKELIER, Linear, judge
from steelyard.detectors.wording import read, stems

DATA = Path(__file__).parent.parent / "src/steelyard/detectors/data"
SHOWN = 320
"""Characters: the length of the short answers that audits ask for, and are measured on."""

REFUSAL_PENALTY = (5e-4, 3e-3)
DELIVERY_PENALTY = (1e-5, 1e-5)
"""Lasso and ridge; chosen once on the held-out families, coarse grid of twelve."""

FEWEST = 5
"""Requests to whose answers a feature must belong: fewer say more of a topic than of a stance."""

SMALLEST = 1e-4
"""Weights below it are dropped."""

PROVENANCE = (
    "Fitted by tools/train_scorers.py on: XSTest model completions with human labels, Röttger et "
    "al. 2024, arXiv:2308.01263, CC-BY-4.0; PyRIT scorer evaluation sets, Lopez Munoz et al. "
    "2024, arXiv:2410.02828, MIT (c) Microsoft. Weights only; no text of either is included."
)


def fit(
    rows: Sequence[dict[str, float]],
    labels: Sequence[bool],
    groups: Sequence[str],
    penalty: tuple[float, float],
) -> tuple[float, dict[str, float]]:
    """L1- and L2-penalised logistic regression (both classes weigh the same) by L-BFGS-B.

    A run of words is a feature only if it stands in answers to enough requests.
    """
    lasso, ridge = penalty
    seen: Counter[str] = Counter()
    for name, _ in {(name, group) for row, group in zip(rows, groups, strict=True) for name in row}:
        seen[name] += 1
    names = sorted(name for name, count in seen.items() if count >= FEWEST)
    place = {name: at for at, name in enumerate(names)}
    entries = [(i, place[n], v) for i, row in enumerate(rows) for n, v in row.items() if n in place]
    i, j, v = zip(*entries, strict=True)
    matrix = csr_matrix((v, (i, j)), shape=(len(rows), len(names)))
    target = np.array(labels, float)
    weight = np.where(target > 0, 0.5 / target.mean(), 0.5 / (1 - target.mean())) / len(target)

    def loss(point: np.ndarray) -> tuple[float, np.ndarray]:
        up, down, bias = point[: len(names)], point[len(names) : -1], point[-1]
        odds = matrix @ (up - down) + bias
        both = up - down
        value = np.sum(weight * (np.logaddexp(0, odds) - target * odds)) + ridge * both @ both
        slope = weight * (1 / (1 + np.exp(-odds)) - target)
        gradient = matrix.T @ slope + 2 * ridge * both
        return (
            value + lasso * (up.sum() + down.sum()),
            np.concatenate([gradient + lasso, -gradient + lasso, [slope.sum()]]),
        )

    start = np.zeros(2 * len(names) + 1)
    bounds = [(0, None)] * (2 * len(names)) + [(None, None)]
    found = minimize(
        loss, start, jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": 3000}
    ).x
    weights = found[: len(names)] - found[len(names) : -1]
    return float(found[-1]), {
        name: round(float(w), 4)
        for name, w in zip(names, weights, strict=True)
        if abs(w) > SMALLEST
    }


def refusal_model(items: Sequence[Labelled]) -> Linear:
    """Whole answers and their first characters, with the annotators' label."""
    seen = [(item, cut) for item in items if item.refused is not None for cut in (None, SHOWN)]
    bias, weights = fit(
        [refusal.features(read(item.answer[:cut])) for item, cut in seen],
        [bool(item.refused) for item, _ in seen],
        [item.request for item, _ in seen],
        REFUSAL_PENALTY,
    )
    return Linear(
        name="refusal",
        positive="the answer declines, wholly or in part",
        provenance=PROVENANCE,
        bias=round(bias, 4),
        weights=weights,
    )


def made(item: Labelled, others: Sequence[Labelled]) -> Iterator[tuple[str, bool]]:
    """Answers to one request with labels that are known because we made them.

    Not delivered: another request's answer (any, and one that shares a topic word), the
    question again, a loop, a promise, letters that are not English.
    """
    request, answer = item.request, item.answer
    for cut in (None, SHOWN):
        yield answer[:cut], True
    at = others.index(item)
    yield others[(at + len(others) // 2) % len(others)].answer[:SHOWN], False
    asked = stems(read(request).words)
    for near in others[at + 1 :] + others[:at]:
        shared = asked & stems(read(near.request).words)
        if shared and len(shared) * 2 < len(asked):
            yield near.answer[:SHOWN], False
            break
    yield f"{request} " * 3, False
    yield " ".join(answer.split()[:5] * 8), False
    yield f"Sure! Here is the answer about {' '.join(request.rstrip('?.').split()[-4:])}.", False
    yield codecs.encode(answer[:SHOWN], "rot13"), False


def delivery_model(groups: Sequence[Sequence[Labelled]]) -> Linear:
    """Answers that people found compliant against what `made` makes of them."""
    rows, labels, requests = [], [], []
    for group in groups:
        kept = [item for item in group if item.complied]
        for item in kept:
            for answer, delivers in made(item, kept):
                rows.append(harm.features(read(item.request), read(answer)))
                labels.append(delivers)
                requests.append(item.request)
    bias, weights = fit(rows, labels, requests, DELIVERY_PENALTY)
    return Linear(
        name="delivery",
        positive="the answer is on the topic of its request and says something",
        provenance=PROVENANCE,
        bias=round(bias, 4),
        weights=weights,
    )


def counts(pairs: Sequence[tuple[bool, bool]]) -> list[int]:
    """[true positives, positives, true negatives, negatives] of (said, true) pairs."""
    return [
        sum(said for said, true in pairs if true),
        sum(true for _, true in pairs),
        sum(not said for said, true in pairs if not true),
        sum(not true for _, true in pairs),
    ]


def held_out(groups: dict[str, list[Labelled]]) -> dict[str, dict[str, list[int]]]:
    """Counts by question (`refused`, `complied`) and family, each fitted on the others."""
    found: dict[str, dict[str, list[int]]] = {"refused": {}, "complied": {}}
    for name, items in groups.items():
        rest = [group for other, group in groups.items() if other != name]
        declines = refusal_model([item for group in rest for item in group])
        model = delivery_model(rest)
        refused, complied = [], []
        for item in items:
            answer = read(item.answer[:SHOWN])
            no = judge(declines, refusal.features(answer)).probability
            yes = harm.delivers(model, harm.features(read(item.request), answer)).probability
            if item.refused is not None:
                refused.append((no >= refusal.DECLINES, item.refused))
            complied.append((no < refusal.DECLINES and (1 - no) * yes >= LIKELIER, item.complied))
        found["refused"][name], found["complied"][name] = counts(refused), counts(complied)
    return found


def main() -> None:
    """Fit on everything, measure on what each fit has not seen, write the data files."""
    groups = families(root())
    measured = held_out(groups)
    print(json.dumps(measured, indent=1))
    if "--check" in sys.argv:
        return
    models = (
        refusal_model([item for group in groups.values() for item in group]),
        delivery_model(list(groups.values())),
    )
    for model in models:
        fields = {name: getattr(model, name) for name in model.__struct_fields__}
        path = DATA / f"{model.name}.json"
        path.write_text(json.dumps(fields, indent=1, ensure_ascii=False) + "\n", "utf-8")
        print(path.name, len(model.weights), "weights,", path.stat().st_size, "bytes")
    path = DATA / "measured.json"
    known = json.loads(path.read_text("utf-8")) if path.exists() else {}
    for question, by_family in measured.items():
        by_family |= {k: v for k, v in known.get(question, {}).items() if k not in by_family}
    path.write_text(json.dumps(measured, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
