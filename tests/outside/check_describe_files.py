"""Read a folder of real describe-* answers and evaluate it: `python tests/outside/check_describe_files.py DIR`.

Not part of the test suite: real exports are not kept in the project. Prints what was read of each
folder and ends with 1 when a rule file of a type we read could not be read, or when a rule broke.
"""

import sys
from collections import Counter
from pathlib import Path

from findings.rules.evaluate import evaluate
from network.canonical import TYPES
from network.describe import read_folder
from network.estate import Estate


def main(root: Path) -> int:
    folders = sorted(path for path in root.iterdir() if path.is_dir())
    wrong = 0
    for folder in folders or [root]:
        found = read_folder(folder)
        counts = Counter(record.type for record in found.records)
        places = sorted({(record.account, record.region) for record in found.records})
        results = list(evaluate(Estate(found.records, found.shards)))
        verdicts = Counter(result.verdict for result in results)
        malformed = [problem for problem in found.problems if "ec2." in problem.reason]
        wrong += len(malformed)
        print(f"{folder.name}: {dict(counts)} in {places}")
        print(f"  {dict(verdicts)}; {len(found.problems)} files or objects not read")
        for problem in found.problems:
            print(f"  - {problem}")
        for result in results:
            if result.verdict == "fail":
                print(f"  ! {result.severity:8} {result.rule}: {result.evidence['summary']}")
    print(f"{len(folders)} folders, {len(TYPES)} types, {wrong} malformed objects")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
