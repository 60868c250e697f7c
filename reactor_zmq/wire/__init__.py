"""What the bytes mean. No I/O, no clock, no threads (docs/protocol.md is normative)."""
