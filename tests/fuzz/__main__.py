"""`python -m tests.fuzz --count 10000 --seed 0`: read hostile files, say what came; status 1 where anything was wrong."""

import argparse
import sys
import tempfile
from pathlib import Path

from tests.fuzz.records import run_records
from tests.fuzz.running import run


def main() -> int:
    """Run and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--seconds", type=float, default=None, help="stop after so long")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = run(asked.count, asked.seed, Path(folder), asked.seconds)
        records = run_records(asked.count, asked.seed, Path(folder))
    print(
        f"{found.read + found.refused:,} files in {found.seconds:.0f} s: {found.read:,} read, {found.refused:,} refused; ", end=""
    )
    print(f"{found.good:,} good files in between were read rightly")
    print(f"ended decoding processes: {dict(found.ended) or 'none'}")
    print(f"slowest {found.most_cpu:.2f} CPU s ({found.slowest}); most memory {found.most_memory / 1e6:.0f} MB")
    print(f"surprises: {len(found.surprises)}")
    for name, what in found.surprises.items():
        print(f"  {name}: {what}")
    print(f"tables and weights: {records.read:,} read, {records.refused:,} refused, surprises: {len(records.surprises)}")
    for name, what in records.surprises.items():
        print(f"  {name}: {what}")
    return 1 if found.surprises or records.surprises or found.most_cpu > 10 or found.most_memory > 1_000_000_000 else 0


if __name__ == "__main__":
    sys.exit(main())
