"""The bridge to ROS 2: a process that runs in ROS's own Python, with rclpy and pyzmq alone.

``cdr`` and ``definitions`` need neither: they make ROS messages into bytes wherever that is wanted.
"""
