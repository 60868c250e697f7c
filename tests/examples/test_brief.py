"""examples/02_brief: the page that the authoring API is described by."""

from __future__ import annotations

import pytest
from exhibit import load, upload


@pytest.fixture
def example():
    return load("02_brief")


@pytest.fixture
def executor(example, hosted):
    return hosted(example.MyModel)


def brightness(executor, turns):
    for _ in range(turns):
        result = executor.next()
    return result.output.main_video.mean()


def test_the_prompt_is_returned(example, executor):
    """``get_current_prompt`` is answered by a message with the state's prompt."""
    executor.send_event("set_prompt", prompt="a storm")
    messages = executor.send_event("get_current_prompt")
    assert messages == [example.CurrentPrompt(prompt="a storm")]


def test_every_turn_reports_its_step(example, executor):
    """``progress`` counts the turns from 0."""
    found = [message for _ in range(3) for message in executor.next().messages]
    assert found == [example.Progress(step=step, total=100) for step in range(3)]


def test_the_prompt_changes_the_picture(executor):
    """A storm is much darker than a sunny meadow, a night darker still."""
    meadow = brightness(executor, 5)
    executor.send_event("set_prompt", prompt="a storm")
    storm = brightness(executor, 40)
    executor.send_event("set_prompt", prompt="at night")
    assert brightness(executor, 40) < 0.6 * storm < 0.6 * 0.75 * meadow


def test_an_unknown_prompt_has_a_look_of_its_own(executor):
    """Prompts without a known word differ from each other, and each stays the same."""
    seen = []
    for prompt in ("purple dragons", "green teapots", "purple dragons"):
        executor.send_event("set_prompt", prompt=prompt)
        brightness(executor, 120)
        seen.append(executor.next().output.main_video[0, 0].astype(int))
    assert abs(seen[0] - seen[1]).max() > 10
    assert abs(seen[0] - seen[2]).max() <= 1


def test_the_reference_image_is_encoded_and_tints(executor):
    """An upload of low bytes only tints towards red: its embedding weighs the channels."""
    executor.next()
    before = executor.next().output.main_video.mean((0, 1))
    executor.send_event("set_reference_image", reference_image=upload(bytes(1000)))
    after = executor.next().output.main_video.mean((0, 1))
    assert after[0] > 1.2 * before[0]
    assert after[2] < 0.5 * before[2]


def test_config_sizes_the_picture(example, hosted):
    """The config's width and height are the picture's."""
    executor = hosted(example.MyModel, {"width": 64, "height": 48})
    assert executor.next().output.main_video.shape == (48, 64, 3)
