"""The order of draws is a function of what was counted, and the plan ahead agrees with it."""

import random

import pytest

from steelyard.audit.schedule import BATCH, SHARE, Draw, Lane, Schedule


def lanes(seed: int) -> list[Lane]:
    rng = random.Random(seed)
    return [
        Lane(
            calls=rng.choice([1, 1, 2, 5]),
            floor=rng.choice([4, 10]),
            gated=rng.random() < 0.6,
            size=rng.choice([0, 0, 7, 60]),
        )
        for _ in range(rng.randint(1, 8))
    ]


def walk(seed: int, look: int, budget: int = 300) -> list[Draw]:
    """Count to the end; evidence and decisions depend on the draw alone."""
    schedule, order = Schedule(lanes(seed), budget), list[Draw]()
    while (draw := schedule.head()) is not None and len(order) < 1000:
        assert next(iter(schedule.ahead(look))) == draw
        list(schedule.ahead(look))
        order.append(draw)
        dice = random.Random(f"{seed} {draw}")
        lane = schedule.lanes[draw.lane]
        schedule.counted(dice.randint(1, lane.calls))
        lane.remaining = dice.choice([float("inf"), 5.0, 50.0])
        enough = not lane.gated and lane.n >= lane.floor
        if not lane.done and (enough or dice.random() < 0.01):
            schedule.finish(draw.lane)
    return order


@pytest.mark.parametrize("seed", range(40))
def test_how_far_one_looks_ahead_does_not_change_the_order_of_draws(seed: int) -> None:
    assert walk(seed, 1) == walk(seed, 3) == walk(seed, 64)


@pytest.mark.parametrize("seed", range(40))
def test_every_probe_is_drawn_from_its_first_case_on_without_a_gap(seed: int) -> None:
    order = walk(seed, 8)
    for lane in {draw.lane for draw in order}:
        numbers = [draw.number for draw in order if draw.lane == lane]
        assert numbers == list(range(len(numbers)))


def run(schedule: Schedule, most: int = 10_000) -> list[int]:
    order: list[int] = []
    while (draw := schedule.head()) is not None and len(order) < most:
        order.append(draw.lane)
        schedule.counted(schedule.lanes[draw.lane].calls)
    return order


def test_probes_with_a_gate_come_first_and_keep_three_calls_in_four() -> None:
    gated = [True, False, True, False]
    schedule = Schedule([Lane(calls=1, floor=9, gated=each) for each in gated], 0)
    order = run(schedule, 60)
    assert order[:18] == [0, 2] * 9
    for stop in range(19, 60):
        broad = sum(not gated[lane] for lane in order[18:stop])
        assert abs(broad - (stop - 18) / SHARE) <= 1
    assert abs(order.count(1) - order.count(3)) <= 1


def test_breadth_gets_everything_once_no_gate_is_open_and_ends_at_its_floor() -> None:
    schedule = Schedule([Lane(calls=1, floor=2, gated=False, turn=t) for t in (0, 1, 0)], 0)
    assert run(schedule) == [0, 2, 1, 0, 2, 1]


def test_the_budget_left_goes_to_the_gate_that_is_nearest_a_decision() -> None:
    schedule = Schedule([Lane(calls=1, floor=1, gated=True) for _ in range(3)], 3 + BATCH)
    for number in range(3):
        schedule.head()
        schedule.counted(1)
        schedule.lanes[number].remaining = (90.0, 20.0, 50.0)[number]
    assert {draw.lane for draw in schedule.ahead(BATCH)} == {1} or schedule.head() == Draw(1, 1)


def test_a_case_that_no_longer_fits_the_budget_is_not_drawn() -> None:
    schedule = Schedule([Lane(calls=4, floor=10, gated=False)], 11)
    count = 0
    while schedule.head() is not None:
        schedule.counted(4)
        count += 1
    assert count == 2
