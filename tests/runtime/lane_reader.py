"""A same-host reader in a process of its own: ``lane_reader.py FILE HZ KIND END``.

Says ``live`` when it is, and ``shown`` with its first frame. Looks at each frame when it comes
and once more after 1/HZ seconds, and says in its last line, as JSON, what it saw up to frame END
or a later one.
"""

from __future__ import annotations

import json
import sys
import time

import numpy as np

import reactor_zmq


def is_whole(frame: reactor_zmq.Frame) -> bool:
    numbers = frame.array.view(np.uint32)
    return bool((numbers == numbers.flat[0]).all())


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main() -> None:
    file, hz, every = sys.argv[1], float(sys.argv[2]), sys.argv[3] == "every"
    end = int(sys.argv[4])
    seen = {"frames": 0, "torn": 0, "mislabelled": 0, "changed": 0, "gaps": 0, "last": -1}
    with (
        reactor_zmq.connect(file, scope="view", transport="lane") as client,
        client.frames(every=every, timeout=30) as frames,
    ):
        say("live")
        for frame in frames:
            if not seen["frames"]:
                say("shown")
            seen["frames"] += 1
            seen["torn"] += not is_whole(frame)
            seen["mislabelled"] += int(frame.array.view(np.uint32).flat[0]) != frame.seq
            seen["gaps"] += frame.gap
            seen["first"] = seen.get("first", frame.seq)
            seen["last"] = frame.seq
            if hz:
                time.sleep(1 / hz)
            seen["changed"] += int(frame.array.view(np.uint32).flat[-1]) != frame.seq
            seen["changed"] += not is_whole(frame)
            if frame.seq >= end:
                break
        say(json.dumps({**seen, "transport": frames.transport}))


if __name__ == "__main__":
    main()
