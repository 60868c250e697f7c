"""What an author writes: state, events, messages, tracks, hooks and the model classes."""
