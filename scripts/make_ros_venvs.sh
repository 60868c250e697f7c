#!/bin/sh
# Make what the ROS tests need, one environment per ROS 2 distribution: make_ros_venvs.sh DIRECTORY
# The wheels live apart from the project's own environment: a .pth file in them runs in every Python.
set -eu
folder=$1
python=${PYTHON:-python3}

make_one() {
    distro=$1 rclpy=$2 && shift 2
    [ -e "$folder/$distro/.stamp" ] && return
    rm -rf "${folder:?}/$distro"
    "$python" -m venv "$folder/$distro"
    if "$folder/$distro/bin/python" -m pip install --quiet --disable-pip-version-check \
        "ros-$distro-rclpy==$rclpy" "ros-$distro-rmw-fastrtps-cpp" "ros-$distro-sensor-msgs" \
        "ros-$distro-std-msgs" "ros-$distro-std-srvs" "ros-$distro-diagnostic-msgs" \
        "ros-$distro-geometry-msgs" "ros-$distro-lifecycle-msgs" numpy pyzmq "$@"; then
        touch "$folder/$distro/.stamp"
    else
        rm -rf "${folder:?}/$distro"
        echo "######## SKIPPED: no wheels of ROS 2 $distro for $("$python" --version) here" >&2
    fi
}

make_one jazzy 7.1.6
# One of the two has what encodes and decodes JPEG.
make_one kilted 9.1.2 simplejpeg pillow

# A rosbridge server that is not ours; its program comes without the right to be run.
if [ -e "$folder/jazzy/.stamp" ] && [ ! -e "$folder/jazzy/.rosbridge" ]; then
    if "$folder/jazzy/bin/python" -m pip install --quiet --disable-pip-version-check \
        "rosbridge-server-rs==0.1.6"; then
        chmod +x "$folder"/jazzy/lib/python3*/site-packages/rosbridge_server_rs/rosbridge_server_rs_jazzy
        touch "$folder/jazzy/.rosbridge"
    else
        echo "######## SKIPPED: rosbridge-server-rs is not to be had here" >&2
    fi
fi

# ROS 1 has no wheels: the system's own Python gets it, where that can be done.
if ! /usr/bin/python3 -c "import rospy, rosmaster, zmq, std_srvs, diagnostic_msgs" 2>/dev/null; then
    if ! { [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null && apt-get update -q &&
        apt-get install -q -y --no-install-recommends python3-rospy python3-rosmaster \
            python3-sensor-msgs python3-std-msgs python3-std-srvs python3-geometry-msgs \
            python3-diagnostic-msgs python3-zmq; }; then
        echo "######## SKIPPED: ROS 1 is not to be had here: apt-get install python3-rospy" >&2
    fi
fi

if [ ! -e "$folder/npm/.stamp" ]; then
    mkdir -p "$folder/npm"
    if npm install --silent --no-audit --no-fund --prefix "$folder/npm" roslib@2.1.0 ws; then
        touch "$folder/npm/.stamp"
    else
        rm -rf "${folder:?}/npm"
        echo "######## SKIPPED: npm's roslib is not to be had here" >&2
    fi
fi
