"""How many values a result holds when every shared one is counted each time it is reached."""

from typing import Any

from steelyard.weights.pickles.values import Bag, Made, Persistent

CEILING = 1e18


def _children(value: Any) -> list[Any]:
    """Give what `value` holds, plain data left out."""
    match value:
        case tuple():
            held: list[Any] = list(value)
        case Bag():
            held = value.items
        case Made():
            held = [*value.args, value.state, value.items]
        case Persistent():
            held = [value.pid]
        case _:
            return []
    return [item for item in held if isinstance(item, (tuple, Bag, Made, Persistent))]


def expanded(result: Any) -> float:
    """Count the values under `result`, at most `CEILING`; a cycle counts once.

    Time is linear in what the pickle wrote, whatever it would expand to.
    """
    sizes: dict[int, float] = {}
    todo: list[tuple[Any, bool]] = [(result, False)]
    while todo:
        value, done = todo.pop()
        if done:
            own = 1 + (len(value) if isinstance(value, tuple) else getattr(value, "count", 0))
            total = own + sum(sizes.get(id(child), 0.0) for child in _children(value))
            sizes[id(value)] = min(total, CEILING)
        elif id(value) not in sizes:
            sizes[id(value)] = 0.0
            todo.append((value, True))
            todo.extend((child, False) for child in _children(value))
    return sizes[id(result)]
