"""Decodes files in a process of its own with little memory, and says what each one took.

`python -m tests.curation.validators.decoding FILE …`: a line of JSON for each, in their order.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from pathlib import Path

MOST_MEMORY = 1_500 * 1024 * 1024  # bytes of address space beyond what the imports took


def main() -> None:
    """Open every file as the house does."""
    from curation.validators.errors import PictureBroken
    from curation.validators.pictures import open_picture

    pages = int(Path("/proc/self/statm").read_text().split()[0])
    most = pages * resource.getpagesize() + MOST_MEMORY
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
    for name in sys.argv[1:]:
        data = Path(name).read_bytes()
        began = time.process_time()
        try:
            image = open_picture(data)
            found = {"size": image.size, "mode": image.mode}
        except PictureBroken as error:
            found = {"refused": str(error)}
        found["cpu_s"] = round(time.process_time() - began, 3)
        found["peak_mib"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        print(json.dumps(found), flush=True)


if __name__ == "__main__":
    main()
