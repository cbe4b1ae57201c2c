"""`python -m tests.kills --count 100 --seed 0`: kill commands, say what came of it; status 1 where anything was wrong."""

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path

from tests.kills.cases import CASES, prepare
from tests.kills.running import Killer


def main() -> int:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--case", action="append", choices=[case.name for case in CASES], help="only these; all by default")
    asked = parser.parse_args()
    cases = [case for case in CASES if not asked.case or case.name in asked.case]
    start = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "prepared"
        os.environ["LENSMAE_HOME"] = str(home)
        prepare(home)
        killer = Killer(home, Path(folder), asked.seed)
        for place in range(asked.count):
            told = len(killer.found.faults)
            killer.kill(cases[place % len(cases)])
            for fault in killer.found.faults[told:]:
                print(f"kill {place + 1}: {fault}", flush=True)
    found = killer.found
    print(f"{found.kills} kills in {time.monotonic() - start:.0f} s, {found.late} came too late; faults: {len(found.faults)}")
    for name, moments in found.moments.items():
        print(f"{name}: {len(moments)}, after {', '.join(f'{share:.0%}' for share in sorted(moments))} of its time")
    return 1 if found.faults else 0


if __name__ == "__main__":
    sys.exit(main())
