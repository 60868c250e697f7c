"""The rosbridge v2 dialect: roslibpy, roslib and their kin, on the bridge's own port.

The names are those of the ROS 2 bridge (docs/how-to/ros2.md); no ROS is needed on either side.
"""
