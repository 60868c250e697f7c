"""The process that runs the author's model."""
