"""Bridges from reactor_zmq's protocol to browsers and robots; ordinary clients of the front end."""
