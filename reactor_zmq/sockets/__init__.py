"""The only place that touches sockets: ZeroMQ towards peers, a socketpair towards the actor."""
