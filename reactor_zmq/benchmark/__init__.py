"""What a machine, a link or a middleware can do with frames and events: ``reactor-zmq bench``."""
