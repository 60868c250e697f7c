"""What happens next, as pure state machines: a stimulus in, instructions out, time as data."""
