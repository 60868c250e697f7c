"""Tools for tests of models and of programs around them."""

from reactor_zmq.testing.executor import PipelineExecutor, StepResult

__all__ = ["PipelineExecutor", "StepResult"]
