"""``python docs/making NAME [RESULTS]`` draws one figure into ``docs/pictures`` and says its text alternative."""

import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[1]), str(Path(__file__).parents[2])]

from making.pictures import PICTURES, draw

if len(sys.argv) < 2 or sys.argv[1] not in PICTURES:
    sys.exit(f"python docs/making NAME [RESULTS], NAME one of {', '.join(PICTURES)}")
print(draw(*sys.argv[1:]))
