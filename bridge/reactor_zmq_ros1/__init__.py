"""A run as a ROS 1 node: its own process, in a Python that has rospy and pyzmq.

The skeleton is that of the ROS 2 bridge, `reactor_zmq_ros2`, whose folder lies beside this one.
"""
