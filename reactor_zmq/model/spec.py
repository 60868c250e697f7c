"""Everything that a host has to know of a model class."""

from __future__ import annotations

import inspect
from dataclasses import dataclass

from reactor_zmq.model.discover import find_messages, find_tracks
from reactor_zmq.model.events import EventSpec
from reactor_zmq.model.hooks import HookSpec
from reactor_zmq.model.messages import ModelMessage, message_contract
from reactor_zmq.model.pipeline import ReactorModel, ReactorPipeline, declared
from reactor_zmq.model.state import InputState, state_fields
from reactor_zmq.model.tracks import Output, TrackSpec, track_specs
from reactor_zmq.wire.contract import Contract

__all__ = ["EventSpec", "HookSpec", "ModelSpec", "TrackSpec"]


@dataclass(frozen=True)
class ModelSpec:
    """A model class, read.

    Attributes:
        cls: The class.
        title: Its name for people.
        description: Its docstring.
        state_class: What ``self.state`` is made of; None when the model has no state.
        events: By wire name, generated setters included.
        hooks: By kind.
        outputs: Output tracks, in order.
        inputs: Input tracks, in order.
        output_classes: What a turn may yield.
        messages: What the model may send, as far as is known.
        required: State fields that hold the generator until they are set.
        fps: The pinned rate; None follows the measured turn.
        buffer_size: Frames that may wait before the next turn starts.
        is_pipeline: Whether it has an ``inference`` generator rather than a ``run`` loop.
        contract: What peers know of it.
    """

    cls: type[ReactorModel]
    title: str
    description: str
    state_class: type[InputState] | None
    events: dict[str, EventSpec]
    hooks: dict[str, HookSpec]
    outputs: tuple[TrackSpec, ...]
    inputs: tuple[TrackSpec, ...]
    output_classes: tuple[type[Output], ...]
    messages: tuple[type[ModelMessage], ...]
    required: tuple[str, ...]
    fps: float | None
    buffer_size: int
    is_pipeline: bool
    contract: Contract

    @classmethod
    def of(cls, model_class: type[ReactorModel], title: str = "") -> ModelSpec:
        """Read a model class.

        Args:
            model_class: The author's class.
            title: From the manifest; the class's name where it is empty.

        Raises:
            TypeError: A declaration that can't be honoured, naming class and member.
            ValueError: A track that is both in and out, or a bound of the class's own settings.
        """
        return _read(model_class, title)

    def new_state(self) -> InputState | None:
        """Return a session's fresh state; required fields have no value yet."""
        return self.state_class() if self.state_class else None


def _read(model_class: type[ReactorModel], title: str) -> ModelSpec:
    if not (isinstance(model_class, type) and issubclass(model_class, ReactorModel)):  # type: ignore[reportUnnecessaryIsInstance] - a target may name anything
        raise TypeError(f"{model_class!r} is no ReactorPipeline or ReactorModel")
    found = declared(model_class)
    output_classes, input_classes = find_tracks(model_class, found.scope)
    replies = tuple(e.reply for e in found.events.values() if e.reply)
    messages = find_messages(model_class, found.scope, replies)
    fields = state_fields(found.state_class) if found.state_class else {}
    outputs, inputs = track_specs(*output_classes), track_specs(*input_classes)
    required = tuple(name for name, field in fields.items() if field.required)
    title, description = title or model_class.__name__, _description(model_class)
    contract = Contract(
        model=title,
        description=description,
        events=tuple(event.contract for event in found.events.values()),
        messages=tuple(message_contract(message) for message in messages),
        outputs=tuple(track.contract for track in outputs),
        inputs=tuple(track.contract for track in inputs),
        state=tuple(field.param for field in fields.values()),
        required=required,
    )
    return ModelSpec(
        cls=model_class,
        title=title,
        description=description,
        state_class=found.state_class,
        events=found.events,
        hooks=found.hooks,
        outputs=outputs,
        inputs=inputs,
        output_classes=output_classes,
        messages=messages,
        required=required,
        fps=None if model_class.fps is None else float(model_class.fps),
        buffer_size=model_class.buffer_size,
        is_pipeline=issubclass(model_class, ReactorPipeline),
        contract=contract,
    )


def _description(model_class: type) -> str:
    """Return the nearest docstring that an author wrote."""
    for owner in model_class.__mro__:
        if owner in (ReactorPipeline, ReactorModel):
            break
        if owner.__doc__:
            return inspect.cleandoc(owner.__doc__)
    return ""
