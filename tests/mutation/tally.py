"""What the results in a folder say, in Markdown: a row a package, and the mutants that no test noticed.

python tests/mutation/tally.py /tmp/mutation
"""

import json
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

CAUGHT = ("killed", "killed by time")


def results(folder: Path) -> dict[str, list[dict]]:
    """The last result of each mutant, by package."""
    found = {}
    for path in sorted(folder.glob("*.jsonl")):
        lines = map(json.loads, path.read_text().splitlines())
        found[path.stem] = list({json.dumps(each["mutant"]): each for each in lines}.values())
    return found


def table(found: dict[str, list[dict]]) -> Iterator[str]:
    """A row a package."""
    yield "| package | mutants | caught | of these by time | survived |\n|---|---|---|---|---|"
    for package, each in found.items():
        counts = Counter(one["result"] for one in each)
        caught = sum(counts[name] for name in CAUGHT)
        yield f"| `{package}` | {len(each)} | {caught} | {counts[CAUGHT[1]]} | {counts['survived']} |"


def survivors(found: dict[str, list[dict]]) -> Iterator[str]:
    """A line a mutant that survived: where, and how the line was changed."""
    for one in (one for each in found.values() for one in each):
        if one["result"] not in CAUGHT:
            yield f"- `{one['mutant']['path']}:{one['mutant']['line']}` `{one['told']}`"


if __name__ == "__main__":
    read = results(Path(sys.argv[1]))
    print(*table(read), "", *survivors(read), sep="\n")
