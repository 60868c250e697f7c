"""Events' data against a contract: what passes, what is refused, and in which words."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import msgspec
import pytest
from contract_strategies import EVENTS, event_data
from hypothesis import given, settings
from hypothesis import strategies as st

from reactor_zmq.wire.codes import Code
from reactor_zmq.wire.contract import Contract, EventContract, ParamSpec, TypeSpec
from reactor_zmq.wire.envelope import Encoding
from reactor_zmq.wire.validate import (
    EventValidator,
    InvalidDataError,
    UploadRef,
    compile_contract,
)

INT = TypeSpec("int")
STR = TypeSpec("str")


def event(*params: ParamSpec, name: str = "go") -> EventValidator:
    return EventValidator(EventContract(name, params))


def one(spec: TypeSpec) -> EventValidator:
    """Return the validator of an event with one required parameter ``x``."""
    return event(ParamSpec("x", spec, required=True))


def refusal(validator: EventValidator, data: bytes, encoding: Encoding) -> InvalidDataError:
    with pytest.raises(InvalidDataError) as caught:
        validator.decode(encoding, data)
    return caught.value


def both(validator: EventValidator, value: Any) -> InvalidDataError:
    """Return the refusal of ``{"x": value}``, which has to be the same in both encodings."""
    data = {"x": value}
    first = refusal(validator, msgspec.json.encode(data), Encoding.JSON)
    second = refusal(validator, msgspec.msgpack.encode(data), Encoding.MSGPACK)
    with pytest.raises(InvalidDataError) as caught:
        validator.check(data)
    for other in (second, caught.value):
        assert (other.field, other.bound) == (first.field, first.bound)
    assert (second.text, second.code) == (first.text, Code.INVALID_DATA)
    return first


def test_defaults_are_filled_in() -> None:
    """Missing parameters take the contract's default, lists and maps made anew each time."""
    point = TypeSpec("struct", fields=(ParamSpec("n", INT, default=3),))
    validator = event(
        ParamSpec("a", INT, default=1),
        ParamSpec("b", TypeSpec("list", items=STR), default=["x"]),
        ParamSpec("c", point, default={"n": 4}),
        ParamSpec("d", STR),
    )
    first = validator.decode(Encoding.JSON, b"{}")
    assert first == {"a": 1, "b": ["x"], "c": {"n": 4}, "d": None}
    first["b"].append("y")
    first["c"]["n"] = 5
    assert validator.decode(Encoding.MSGPACK, b"\x80") == {
        "a": 1,
        "b": ["x"],
        "c": {"n": 4},
        "d": None,
    }


@pytest.mark.parametrize("encoding", list(Encoding))
def test_no_data_counts_as_an_empty_map(encoding: Encoding) -> None:
    """An envelope without data is an event without arguments."""
    assert event(ParamSpec("a", INT, default=1)).decode(encoding, b"") == {"a": 1}


def test_integral_floats_become_ints() -> None:
    """JavaScript has one kind of number: 3.0 is 3 for an int, 3 is 3.0 for a float."""
    found = one(INT).decode(Encoding.MSGPACK, msgspec.msgpack.encode({"x": 3.0}))
    assert type(found["x"]) is int
    found = one(TypeSpec("float")).decode(Encoding.JSON, b'{"x": 3}')
    assert type(found["x"]) is float


@pytest.mark.parametrize(
    ("spec", "value", "text", "bound"),
    [
        (INT, "3", "expected int, got str", False),
        (INT, True, "expected int, got bool", False),
        (INT, 3.5, "expected int, got a number with a fraction", False),
        (TypeSpec("int", nullable=True), "3", "expected int | null, got str", False),
        (TypeSpec("int", ge=2), 1, "expected int >= 2", True),
        (TypeSpec("int", ge=2), 1.0, "expected int >= 2", True),
        (TypeSpec("int", le=2), 3, "expected int <= 2", True),
        (TypeSpec("int", ge=0.5), 0, "expected int >= 1", True),
        (TypeSpec("int", le=2.5), 3, "expected int <= 2", True),
        (TypeSpec("int", choices=(1, 2)), 3, "expected one of 1, 2", True),
        (TypeSpec("float", ge=0), -0.5, "expected float >= 0.0", True),
        (TypeSpec("float", le=1), 2, "expected float <= 1.0", True),
        (TypeSpec("float"), False, "expected float, got bool", False),
        (TypeSpec("str", max_length=2), "abc", "expected str of length <= 2", True),
        (TypeSpec("str", min_length=2), "a", "expected str of length >= 2", True),
        (STR, "a\0b", "expected text without NUL characters", True),
        (STR, None, "expected str, got null", False),
        (TypeSpec("bool"), 1, "expected bool, got int", False),
        (TypeSpec("choice", choices=("a", "b")), "c", "expected one of 'a', 'b'", True),
        (TypeSpec("choice", choices=("a",)), 1, "expected str, got int", False),
        (TypeSpec("choice", choices=(1, 2)), "1", "expected int, got str", False),
        (TypeSpec("list", items=INT, max_length=1), [1, 2], "of length <= 1", True),
        (TypeSpec("dict", items=INT, min_length=1), {}, "of length >= 1", True),
        (TypeSpec("upload"), 3, "expected object, got int", False),
    ],
)
def test_refusals_say_what_was_expected(spec: TypeSpec, value: Any, text: str, bound: bool) -> None:
    """The same sentence for JSON, MessagePack and Python; bounds are told from types."""
    error = both(one(spec), value)
    assert text in error.text
    assert error.text[0].islower()
    assert (error.field, error.bound) == ("x", bound)


def test_field_is_a_path() -> None:
    """The field at fault is named however deep it lies."""
    inner = TypeSpec("struct", name="Inner", fields=(ParamSpec("n", INT, required=True),))
    listed = one(TypeSpec("list", items=inner))
    assert both(listed, [{"n": 1}, {"n": 1.5}]).field == "x[1].n"
    assert both(one(TypeSpec("dict", items=INT)), {"k": 1.5}).field == "x.k"
    assert both(one(inner), {}).field == "x.n"
    assert both(one(inner), {"n": 1, "z": 1}).field == "x.z"


def test_unknown_and_missing_parameters_are_named() -> None:
    """Nothing is ignored and nothing is guessed."""
    validator = one(INT)
    missing = refusal(validator, b"{}", Encoding.JSON)
    assert (missing.field, missing.bound) == ("x", False)
    unknown = refusal(validator, b'{"x": 1, "client": 2}', Encoding.JSON)
    assert (unknown.field, unknown.bound) == ("client", False)


@pytest.mark.parametrize("kind", ["int", "float"])
@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_nan_and_infinities_never_pass(kind: Any, value: float) -> None:
    """MessagePack has them; no number of an event does."""
    packed = msgspec.msgpack.encode({"x": value})
    for spec in (TypeSpec(kind), TypeSpec(kind, ge=0), TypeSpec(kind, le=0)):
        assert refusal(one(spec), packed, Encoding.MSGPACK).field == "x"


@pytest.mark.parametrize(
    "number",
    [b"9223372036854775808", b"-9223372036854775809", b"1" * 4_200, b"9223372036854775807.0"],
)
def test_ints_have_64_bits(number: bytes) -> None:
    """What MessagePack can't hold is refused, also as a float that rounds up to it."""
    assert refusal(one(INT), b'{"x": ' + number + b"}", Encoding.JSON).bound
    for edge in (-(2**63), 2**63 - 1):
        assert one(INT).decode(Encoding.JSON, b'{"x": %d}' % edge) == {"x": edge}


def test_bounds_beyond_64_bits_are_no_bounds() -> None:
    """A bound that no int can break does not disturb."""
    validator = one(TypeSpec("int", ge=-1e30, le=1e30))
    assert validator.decode(Encoding.JSON, b'{"x": 5}') == {"x": 5}


def test_null_passes_every_optional_at_any_depth() -> None:
    """Null is a value of a nullable type, whatever its bounds, choices or fields."""
    struct = TypeSpec("struct", nullable=True, fields=(ParamSpec("n", INT, required=True),))
    for spec in (
        TypeSpec("int", nullable=True, ge=3),
        TypeSpec("str", nullable=True, choices=("a",)),
        TypeSpec("choice", nullable=True, choices=("a", 1)),
        struct,
    ):
        assert one(spec).check({"x": None}) == {"x": None}
        nested = TypeSpec("list", items=spec)
        assert one(nested).decode(Encoding.JSON, b'{"x": [null]}') == {"x": [None]}
        mapped = TypeSpec("dict", items=spec)
        assert one(mapped).decode(Encoding.JSON, b'{"x": {"k": null}}') == {"x": {"k": None}}


def test_choices_are_returned_as_declared() -> None:
    """A choice given as the other kind of number comes back as the author's; bool is no number."""
    numbers = one(TypeSpec("choice", choices=(1, 2.0)))
    found = numbers.decode(Encoding.JSON, b'{"x": 1.0}')["x"]
    assert type(found) is int
    assert type(numbers.decode(Encoding.JSON, b'{"x": 2}')["x"]) is float
    mixed = one(TypeSpec("choice", choices=(True, 0)))
    assert mixed.check({"x": True}) == {"x": True}
    assert both(mixed, False).bound
    assert both(mixed, 1).bound


def test_nul_is_refused_everywhere() -> None:
    """Texts, keys and choices hold no NUL, which C libraries would stop at."""
    assert both(one(TypeSpec("list", items=STR)), ["a", "\0"]).field == "x[1]"
    assert both(one(TypeSpec("dict", items=INT)), {"\0": 1}).field == "x"
    assert both(one(TypeSpec("choice", choices=("a",))), "\0").bound


def test_upload_references_may_be_sent_back_whole() -> None:
    """What ``$uploaded`` told may be an argument; only the id counts."""
    validator = one(TypeSpec("upload"))
    whole = {"upload_id": "u1", "name": "a.png", "mime_type": "image/png", "size": 3}
    assert validator.check({"x": whole})["x"].upload_id == "u1"
    assert validator.check({"x": {"upload_id": "u1"}}) == {"x": UploadRef("u1")}
    assert validator.check({"x": UploadRef("u2")}) == {"x": UploadRef("u2")}
    for wrong in ({"upload_id": ""}, {"upload_id": "u" * 65}, {"upload_id": "u", "data": "x"}):
        assert both(validator, wrong).field is not None


def test_upload_ids_are_found_in_order_at_any_depth() -> None:
    """The front end looks up every file that an event names."""
    upload = TypeSpec("upload", nullable=True)
    pair = TypeSpec("struct", fields=(ParamSpec("a", upload), ParamSpec("n", INT, default=1)))
    validator = event(
        ParamSpec("one", upload),
        ParamSpec("n", INT, default=1),
        ParamSpec("many", TypeSpec("list", items=upload), default=[]),
        ParamSpec("named", TypeSpec("dict", items=pair), default={}),
    )
    values = validator.check(
        {
            "one": {"upload_id": "u1"},
            "many": [{"upload_id": "u2"}, None],
            "named": {"k": {"a": {"upload_id": "u3"}}},
        }
    )
    assert validator.upload_ids(values) == ["u1", "u2", "u3"]
    assert validator.upload_ids(validator.check({})) == []


@pytest.mark.parametrize(
    ("data", "encoding"),
    [
        (b"[1]", Encoding.JSON),
        (b"null", Encoding.JSON),
        (b'{"x": 1} ', Encoding.MSGPACK),
        (b'{"x": 1}}', Encoding.JSON),
        (b'\xef\xbb\xbf{"x": 1}', Encoding.JSON),
        (b'{"x": 1e999}', Encoding.JSON),
        (b'{"x": NaN}', Encoding.JSON),
        (b'{"x": "\\ud800"}', Encoding.JSON),
        (b'{"x": "\xff"}', Encoding.JSON),
        (b"\x81\xa1x\xa1\xff", Encoding.MSGPACK),
        (b"\x81\xa1x\xdd\xff\xff\xff\xff", Encoding.MSGPACK),
        (b"\x81\xa1x\xd6\xff\x00\x00\x00\x00", Encoding.MSGPACK),
        (b"\x81\x91\x01\x01", Encoding.MSGPACK),
        (b'{"x": ' + b"[" * 30_000, Encoding.JSON),
        (b"\x81\xa1x" + b"\x91" * 30_000, Encoding.MSGPACK),
    ],
)
def test_hostile_bytes_are_invalid_data(data: bytes, encoding: Encoding) -> None:
    """Trailing bytes, broken UTF-8, huge claims, extensions and nesting raise one error only."""
    for spec in (STR, INT, TypeSpec("list", items=STR), TypeSpec("float")):
        refusal(one(spec), data, encoding)


def test_peer_does_not_get_its_whole_text_back() -> None:
    """A field of 60 kB is refused in a short sentence."""
    error = refusal(one(INT), json.dumps({"y" * 60_000: 1, "x": 1}).encode(), Encoding.JSON)
    assert len(error.text) <= 256
    assert len(error.field or "") <= 128
    keys = one(TypeSpec("dict", items=INT))
    assert len(both(keys, {"k" * 60_000: 1.5}).field or "") <= 128


def test_last_of_two_equal_keys_counts() -> None:
    """As documented: a key that comes twice counts as it came last."""
    assert one(INT).decode(Encoding.JSON, b'{"x": 1, "x": 2}') == {"x": 2}


def test_names_need_not_be_identifiers() -> None:
    """Event and parameter names are texts of the wire."""
    validator = event(
        ParamSpec("focal-length", INT, required=True),
        ParamSpec("class", INT, default=2),
        ParamSpec("f0", INT, default=3),
        name="set/camera",
    )
    assert validator.decode(Encoding.JSON, b'{"focal-length": 1}') == {
        "focal-length": 1,
        "class": 2,
        "f0": 3,
    }
    assert refusal(validator, b'{"focal-length": "a"}', Encoding.JSON).field == "focal-length"
    assert refusal(validator, b'{"f1": 1, "focal-length": 1}', Encoding.JSON).field == "f1"


@pytest.mark.parametrize("spec", [TypeSpec("any"), TypeSpec("list"), TypeSpec("dict")])
def test_contract_that_offers_anything_is_refused(spec: TypeSpec) -> None:
    """No value of unknown type is ever decoded from a client."""
    with pytest.raises(ValueError, match=r"any type|without an item type"):
        one(spec)


def test_contract_compiles_to_a_validator_for_each_event() -> None:
    """Events are found by name."""
    contract = Contract("m", events=(EventContract("a"), EventContract("b")))
    assert {name: v.event.name for name, v in compile_contract(contract).items()} == {
        "a": "a",
        "b": "b",
    }


@settings(max_examples=40)
@given(EVENTS, st.binary(max_size=64))
def test_any_bytes_decode_or_raise(contract: EventContract, data: bytes) -> None:
    """Whatever a peer sends is data of the event or an InvalidDataError."""
    validator = EventValidator(contract)
    for encoding in Encoding:
        with suppress(InvalidDataError):
            assert isinstance(validator.decode(encoding, data), dict)


@settings(max_examples=40)
@given(EVENTS.flatmap(lambda e: st.tuples(st.just(e), event_data(e))))
def test_encodings_agree(case: tuple[EventContract, dict[str, Any]]) -> None:
    """JSON, MessagePack and Python values pass or fail together, with the same result."""
    contract, data = case
    validator = EventValidator(contract)

    def outcome(call: Any) -> Any:
        try:
            return call()
        except InvalidDataError:  # of two faults each encoding may find another one first
            return "refused"

    found = [
        outcome(lambda: validator.decode(Encoding.JSON, msgspec.json.encode(data))),
        outcome(lambda: validator.decode(Encoding.MSGPACK, msgspec.msgpack.encode(data))),
        outcome(lambda: validator.check(data)),
    ]
    assert repr(found[0]) == repr(found[1]) == repr(found[2])


@settings(max_examples=40)
@given(EVENTS.flatmap(lambda e: st.tuples(st.just(e), event_data(e))))
def test_what_passed_passes_again(case: tuple[EventContract, dict[str, Any]]) -> None:
    """Checked values are values of the event: checking them once more changes nothing."""
    contract, data = case
    validator = EventValidator(contract)
    try:
        values = validator.check(data)
    except InvalidDataError:
        return
    given_values = {name: values[name] for name in data}
    assert repr(validator.check(given_values)) == repr(values)
