"""Seeded mutations of what each decoder accepts: it accepts them too, or refuses them."""

from __future__ import annotations

import os
import random

import pytest
from decoders import TARGETS, Target, mutate

SEED = int(os.environ.get("FUZZ_SEED", "20260101"))
MUTATIONS = 20_000


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
def test_samples_are_accepted(target: Target):
    """What the mutations start from is right, else they would show nothing."""
    assert all(target.take(sample) for sample in target.samples)


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
def test_mutations_are_accepted_or_refused(target: Target):
    """No other exception leaves a decoder, whatever the bytes; some are refused, not all are."""
    rng = random.Random(f"{SEED} {target.name}")
    refused = 0
    for n in range(MUTATIONS):
        data = mutate(rng, rng.choice(target.samples), rng.choice(target.samples))
        try:
            refused += not target.take(data)
        except Exception as error:  # noqa: BLE001 - whatever else it is, it is the find
            pytest.fail(f"FUZZ_SEED={SEED}, mutation {n}: {error!r} for {data!r}")
    # The front end answers everything; the decoders refuse most mutations.
    assert refused < MUTATIONS
    assert target.name == "front end" or refused > MUTATIONS // 20
