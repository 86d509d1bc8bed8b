"""`make bench [ARGS="rules inventory"]`: measure, print a table, write .bench/results.json."""

import json
import os
import platform
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path

from bench.measure import Measurement, verdict

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / ".bench" / "results.json"
MODULES = ("rules", "inventory", "startup")


def machine() -> str:
    """The machine in one line, for the reader of a table."""
    model = next(
        (
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if line.startswith("model name")
        ),
        platform.machine(),
    )
    pages = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{os.cpu_count()} cores of {model}, {pages:.0f} GiB, Python {platform.python_version()}"


def table(results: list[Measurement]) -> str:
    """A markdown table of all measurements."""
    lines = ["| what | measured | target | | conditions |", "|---|---|---|---|---|"]
    lines += [
        f"| {m['name']} | {m['value']:,.4g} {m['unit']} | {m.get('target', '')} | {verdict(m)} "
        f"| {m.get('conditions', '')} |"
        for m in results
    ]
    return "\n".join(lines)


def main(chosen: list[str]) -> int:
    """Run the chosen modules (all by default); 1 when a target was missed."""
    unknown = set(chosen) - set(MODULES)
    if unknown:
        print(f"No such benchmark: {', '.join(sorted(unknown))}; there are {', '.join(MODULES)}.")
        return 2
    results: list[Measurement] = []
    for name in chosen or MODULES:
        run: Callable[[], list[Measurement]] = import_module(f"bench.{name}").run
        print(f"measuring {name} …", flush=True)
        began = time.perf_counter()
        results += run()
        print(f"  {time.perf_counter() - began:.1f} s", flush=True)
    RESULTS.parent.mkdir(exist_ok=True)
    document = {"machine": machine(), "at": datetime.now(UTC).isoformat(), "results": results}
    RESULTS.write_text(json.dumps(document, indent=2) + "\n")
    print(f"\n{machine()}\n\n{table(results)}")
    return int(any(verdict(m) == "missed" for m in results))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
