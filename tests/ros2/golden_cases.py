"""Messages whose bytes are pinned in ``golden_cdr.json``, as rclpy serializes them.

``python tests/ros2/golden_cases.py`` prints them for rclpy; `make test-ros` compares.
"""

from __future__ import annotations

from typing import Any

HEADER = {"stamp": {"sec": 1_700_000_000, "nanosec": 999_999_999}, "frame_id": "cam_optical_frame"}
LAYOUT = {"dim": [{"label": "joint", "size": 2, "stride": 2}], "data_offset": 3}

CASES: list[dict[str, Any]] = [
    {"type": type_name, "message": message}
    for type_name, message in (
        ("builtin_interfaces/msg/Time", {"sec": -1, "nanosec": 5}),
        ("std_msgs/msg/Header", HEADER),
        ("std_msgs/msg/String", {}),
        ("std_msgs/msg/String", {"data": "größer"}),
        ("std_msgs/msg/Bool", {"data": True}),
        ("std_msgs/msg/Float32", {"data": -2.5}),
        ("std_msgs/msg/UInt8MultiArray", {"layout": LAYOUT, "data": [1, 2, 255]}),
        ("std_msgs/msg/Int16MultiArray", {"layout": LAYOUT, "data": [-1, 300]}),
        ("std_msgs/msg/Int32MultiArray", {"data": [-1, 70_000]}),
        ("std_msgs/msg/Int64MultiArray", {"data": [-1, 2**40]}),
        ("std_msgs/msg/Float32MultiArray", {}),
        ("std_msgs/msg/Float32MultiArray", {"layout": LAYOUT, "data": [1.5, -2.25]}),
        ("std_msgs/msg/Float64MultiArray", {"layout": LAYOUT, "data": [1.5, -2.25]}),
        (
            "geometry_msgs/msg/TwistStamped",
            {"header": HEADER, "twist": {"linear": {"x": 1.5}, "angular": {"z": -0.25}}},
        ),
        ("geometry_msgs/msg/Twist", {"linear": {"y": 0.5}}),
        ("geometry_msgs/msg/Vector3", {"x": 1.0, "y": 2.0, "z": 3.0}),
        (
            "sensor_msgs/msg/Image",
            {
                "header": HEADER,
                "height": 1,
                "width": 2,
                "encoding": "rgb8",
                "step": 6,
                "data": [1, 2, 3, 4, 5, 6],
            },
        ),
        ("sensor_msgs/msg/Image", {}),
        (
            "sensor_msgs/msg/CompressedImage",
            {"header": {"frame_id": "c"}, "format": "rgb8; jpeg compressed bgr8", "data": [255, 0]},
        ),
        (
            "sensor_msgs/msg/CameraInfo",
            {"header": HEADER, "height": 480, "width": 640, "distortion_model": "plumb_bob"},
        ),
        (
            "sensor_msgs/msg/CameraInfo",
            {
                "height": 480,
                "width": 640,
                "d": [0.1, -0.2, 0.0],
                "k": [500.0, 0.0, 320.0, 0.0, 500.0, 240.0, 0.0, 0.0, 1.0],
                "p": [float(n) for n in range(12)],
                "roi": {"x_offset": 4, "do_rectify": True},
            },
        ),
        (
            "sensor_msgs/msg/JointState",
            {"header": HEADER, "name": ["hip", "knee"], "position": [0.5, -1.0], "effort": [2.0]},
        ),
        ("sensor_msgs/msg/JointState", {}),
        ("sensor_msgs/msg/Joy", {"header": HEADER, "axes": [0.5, -1.0], "buttons": [0, 1, 1]}),
        (
            "diagnostic_msgs/msg/DiagnosticArray",
            {
                "header": HEADER,
                "status": [
                    {
                        "level": 1,
                        "name": "model: lamp",
                        "message": "loading",
                        "hardware_id": "h",
                        "values": [{"key": "fps", "value": "29.9"}, {"key": "drops"}],
                    },
                    {"name": "second", "values": [{"value": "x"}]},
                ],
            },
        ),
    )
]
