"""Foxglove's WebSocket protocol, spoken at the bridge: a run, live, as its recording would be."""
