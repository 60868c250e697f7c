"""Peer: a walk with roslibpy through all that the dialect has; prints what it saw as JSON.

peer_roslibpy.py PORT TOKEN HOW, where HOW is "header" or "auth".
"""

from __future__ import annotations

import base64
import json
import queue
import sys

import roslibpy

WAIT_S = 10


def main() -> None:
    port, token, how = int(sys.argv[1]), sys.argv[2], sys.argv[3]
    headers = {"Authorization": f"Bearer {token}"} if how == "header" else None
    ros = roslibpy.Ros("127.0.0.1", port, headers=headers)
    roslibpy.set_rosapi_timeout(WAIT_S)
    if how == "auth":
        ros.authenticate(token, "c", "d", "r", 0, "l", 0)
    ros.run(WAIT_S)
    seen = {"topics": ros.get_topics(), "secs": ros.get_time()["secs"]}
    seen["services"] = ros.get_services()
    image = first(ros, "/shown/main_video/image_raw", "sensor_msgs/Image")
    image["pixels"] = len(base64.b64decode(image.pop("data")))
    seen["image"] = image
    seen["info"] = first(ros, "shown/main_video/camera_info", "sensor_msgs/msg/CameraInfo")["width"]
    state = first(ros, "/shown/state", "std_msgs/String")
    seen["state"] = json.loads(state["data"])["state"]
    seen["gain"] = called(ros, "shown/get_gain", {})
    seen["lit"] = called(ros, "/shown/set_lit", {"data": False})
    seen["double"] = called(ros, "/shown/double", {"gain": 0.25})
    seen["refused"] = called(ros, "/shown/double", {"gain": 3})
    parameter = roslibpy.Param(ros, "/shown:level")
    parameter.set(9)
    seen["level"] = parameter.get()
    seen["result"] = commanded(ros)
    ros.terminate()
    print(json.dumps(seen), flush=True)


def first(ros, name, kind):
    heard = queue.Queue()
    topic = roslibpy.Topic(ros, name, kind, throttle_rate=10)
    topic.subscribe(heard.put)
    try:
        return heard.get(timeout=WAIT_S)
    finally:
        topic.unsubscribe()


def called(ros, name, arguments):
    service = roslibpy.Service(ros, name, "std_srvs/srv/Trigger")
    return dict(service.call(roslibpy.ServiceRequest(arguments), timeout=WAIT_S))


def commanded(ros):
    heard = queue.Queue()
    results = roslibpy.Topic(ros, "/shown/command_result", "std_msgs/msg/String")
    results.subscribe(heard.put)
    command = roslibpy.Topic(ros, "/shown/command", "std_msgs/msg/String")
    told = json.dumps({"type": "double", "data": {"gain": 0.5}, "id": "x"})
    command.publish(roslibpy.Message({"data": told}))
    return json.loads(heard.get(timeout=WAIT_S)["data"])


main()
