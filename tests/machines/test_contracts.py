"""What the front end keeps of the model's contract over restarts."""

from __future__ import annotations

from msgspec.structs import replace
from stage import CONTRACT, Stage


def test_a_contract_that_did_not_change_is_not_compiled_again():
    """Types that are made anew at each restart would leave a little memory behind each time."""
    stage = Stage()
    before = stage.brain._state.model.validators
    stage.restart()
    assert stage.brain._state.model.validators is before


def test_a_contract_that_changed_is_the_one_that_counts():
    """An author who edits the class while the actor is down is judged by the new one."""
    stage = Stage()
    stage.restart()
    model = stage.brain._state.model
    told = model.hash
    stage.load(replace(CONTRACT, events=CONTRACT.events[:1]))
    assert [*model.validators] == ["set_prompt"]
    assert model.hash != told
