"""Other systems: what they are installed from and how they are set up.

Settings are the best that each system's documentation names for large arrays on one machine.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Peer:
    """One system.

    Attributes:
        module: Of its adapter, in this folder.
        packages: What pip installs for it.
        settings: What was chosen, for the page.
        ways: (name, arguments of its producer, whether a producer can draw in its memory).
        env: Added to its environment.
        afresh: Its reader can't be opened twice in one process.
    """

    name: str
    module: str
    packages: tuple[str, ...]
    settings: str
    ways: tuple[tuple[str, dict[str, str], bool], ...]
    env: tuple[tuple[str, str], ...] = ()
    afresh: bool = False


PEERS: tuple[Peer, ...] = (
    Peer(
        "iceoryx2", "iceoryx2_peer", ("iceoryx2",),
        "publish/subscribe of byte slices, buffer 8, loan and fill, readers woken by an event "
        "service and shown the sample in place",
        (("iceoryx2", {}, True),),
    ),
    Peer(
        "zenoh", "zenoh_peer", ("eclipse-zenoh",),
        "peer to peer without scouting, congestion control BLOCK; with shared memory: a POSIX pool "
        "of 256 MiB, BlockOn(GarbageCollect), read with to_bytes(), the only way to the bytes from "
        "Python; without: tcp",
        (("zenoh-shm", {"memory": "shared"}, False), ("zenoh-tcp", {"memory": "none"}, False)),
    ),
    Peer(
        "imagezmq", "imagezmq_peer", ("imagezmq",),
        "send_image from one of eight buffers, copy=False (its default), tcp",
        (
            ("imagezmq-pubsub", {"pattern": "pubsub"}, False),
            ("imagezmq-reqrep", {"pattern": "reqrep"}, False),
        ),
    ),
    Peer(
        "vidgear", "vidgear_peer", ("vidgear", "opencv-python-headless", "simplejpeg"),
        "NetGear, publish/subscribe over tcp, jpeg_compression=False",
        (("netgear", {}, False),),
        afresh=True,
    ),
    Peer(
        "pynng", "pynng_peer", ("pynng",), "Pair0 over ipc, buffers of 8 messages",
        (("pynng", {}, False),),
    ),
    Peer(
        "multiprocessing", "multiprocessing_peer", (), "Connection.send over a Unix socket",
        (("multiprocessing", {}, False),),
    ),
    Peer(
        "portal", "portal_peer", ("portal",), "a call that returns the next frame, four under way",
        (("portal", {}, False),),
    ),
    Peer(
        "xoscar", "xoscar_peer", ("xoscar",),
        "an actor whose method returns the next frame, four calls under way",
        (("xoscar", {}, False),),
    ),
    Peer(
        "ray", "ray_peer", ("ray",),
        "ray.put, references through an actor, four calls under way, object store of 1 GiB",
        (("ray", {}, False),),
        (("RAY_USAGE_STATS_ENABLED", "0"), ("RAY_AUTH_MODE", "disabled")),
    ),
    Peer(
        "ros2", "ros_peer",
        ("ros-jazzy-rclpy", "ros-jazzy-rmw-fastrtps-cpp", "ros-jazzy-sensor-msgs"),
        "rclpy (Jazzy, Fast DDS), sensor_msgs/Image from array.array, reliable, depth 8",
        (("rclpy", {}, False),),
    ),
)  # fmt: skip
