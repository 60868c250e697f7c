"""examples/05_audio_video."""

from __future__ import annotations

import numpy as np
import pytest
from exhibit import load


@pytest.fixture
def example():
    return load("05_audio_video")


@pytest.fixture
def executor(example, hosted):
    return hosted(example.Tone)


def sound(executor, turns):
    """Return the samples of some turns in a row."""
    return np.concatenate([executor.next().output.tone[0] for _ in range(turns)]).astype(float)


def loudest_hz(samples, rate):
    power = abs(np.fft.rfft(samples * np.hanning(len(samples))))
    return float(np.argmax(power)) * rate / len(samples)


@pytest.mark.parametrize("pitch", [60, 440, 3000])
@pytest.mark.parametrize("wave", ["sine", "triangle", "saw", "square"])
def test_the_tone_has_the_pitch_that_was_set(example, executor, pitch, wave):
    """The loudest frequency of a second is the state's pitch, whatever the wave."""
    executor.send_event("set_pitch", pitch=pitch)
    executor.send_event("set_wave", wave=wave)
    sound(executor, 1)
    assert loudest_hz(sound(executor, 30), example.RATE) == pytest.approx(pitch, abs=2)


def test_a_turn_holds_as_many_samples_as_a_frame_lasts(example, executor):
    """Sound and picture of one Output are of one moment."""
    output = executor.next().output
    assert output.tone.shape == (1, example.RATE // example.FPS)
    assert output.tone.dtype == np.int16
    assert output.scope.shape == (example.HEIGHT, example.WIDTH, 3)


def test_a_change_does_not_click(executor):
    """Across turns, a new pitch and a new volume no step is larger than a steep sine's own."""
    parts = [sound(executor, 3)]
    executor.send_event("set_pitch", pitch=660)
    executor.send_event("set_volume", volume=0.9)
    parts.append(sound(executor, 3))
    steepest = 2 * np.pi * 660 / 48_000 * 0.9 * 32_000
    assert abs(np.diff(np.concatenate(parts))).max() < 1.1 * steepest


def test_volume_is_heard_and_seen(executor):
    """Silence is zero samples and a flat line; a loud tone makes a tall one."""

    def height():
        bright = executor.next().output.scope[:180, :, 1] > 200
        return int(np.ptp(np.flatnonzero(bright.any(1))))

    executor.send_event("set_volume", volume=0)
    sound(executor, 1)
    assert not sound(executor, 2).any()
    assert height() < 4
    executor.send_event("set_volume", volume=1)
    sound(executor, 1)
    assert height() > 140
