"""`python -m bench [name …]`: every benchmark, or those named."""

import importlib
import pkgutil
import sys
from pathlib import Path

HERE = Path(__file__).parent
SUPPORT = {"__main__", "dummy", "environments", "peers", "processes"}
NAMES = sorted({module.name for module in pkgutil.iter_modules([str(HERE)])} - SUPPORT)


def main(asked: list[str]) -> int:
    unknown = set(asked) - set(NAMES)
    if unknown:
        print(f"no benchmark {', '.join(sorted(unknown))}; there are: {', '.join(NAMES)}")
        return 2
    for name in asked or NAMES:
        print(f"\n== {name}", flush=True)
        importlib.import_module(f"bench.{name}").main()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
