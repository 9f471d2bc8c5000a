"""Nothing that somebody put into a `.pth` is run or believed, and none takes memory or time without bound."""

import contextlib
import pickle
import struct
import tracemalloc
import zipfile

import pytest

from models.weights.pth import read_pth
from tests.models.weights.torch_files import (
    FLOATS,
    PICKLE,
    Called,
    Name,
    Persistent,
    archive,
    old,
    one,
    pickled,
    read,
    refused,
    storage,
    tensor,
    zipped,
)

ORDERED = Name("collections", "OrderedDict")


class Harm:
    """Unpickled by Python it would make a file."""

    def __init__(self, call, *arguments):
        self.what = call, arguments

    def __reduce__(self):
        return self.what


@pytest.mark.parametrize("protocol", [0, 1, 2, 3, 4, 5])
def test_a_malicious_pickle_runs_nothing(tmp_path, protocol):
    trace = tmp_path / "trace"
    attack = {"weight": Harm(exec, f"open({str(trace)!r}, 'w').close()")}
    pickle.loads(pickle.dumps(attack, protocol))
    assert trace.exists()
    trace.unlink()
    (tmp_path / "file.pth").write_bytes(zipped(pickle.dumps(attack, protocol), {}))
    with pytest.raises(ValueError, match=r"pickle|refers to"):
        read_pth(tmp_path / "file.pth")
    assert not trace.exists()


SYSTEM = Name("posix", "system")
REBUILD = Name("torch._utils", "_rebuild_tensor_v2")


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (Called(SYSTEM, ("true",)), "refers to 'posix.system'"),
        ({"a": {"b": [(Called(Name("builtins", "eval"), ("1",)),)]}}, "refers to 'builtins.eval'"),
        (Called(Called(Name("builtins", "getattr"), (ORDERED, "__init__")), ()), "refers to 'builtins.getattr'"),
        (Called(Name("torch.storage", "_load_from_bytes"), ("x",)), "refers to 'torch.storage._load_from_bytes'"),
        (Called(Name("collections", "OrderedDict.fromkeys"), ("ab",)), "refers to 'collections.OrderedDict.fromkeys'"),
        (Called(Name("torch", "FloatStorage"), (3,)), "calls something that is not a known function"),
        (Called("os", ("x",)), "calls something that is not a known function"),
        (Called(ORDERED, ("abc",)), "no list of pairs"),
        (Called(ORDERED, ({"a": 1},)), "no list of pairs"),
        (Called(ORDERED, (["ab"],)), "something else than pairs with a name"),
        (Called(ORDERED, ([("a", 1, 2)],)), "something else than pairs with a name"),
        (Called(ORDERED, ([(1, 2)],)), "something else than pairs with a name"),
        (Called(ORDERED, ([], [])), "its pickle is broken"),
        (Called(ORDERED, (), ({"a": 1}, {"b": 2})), "sets the state"),
        (Called(ORDERED, (), "state"), "sets the state"),
        (
            {"a": Called(REBUILD, (storage("0", "Float", 24), 0, (1,), (1,), False, None), {"__class__": "x"})},
            "sets the",
        ),
        (Called(REBUILD, (1, 2)), "its pickle is broken"),
        (Called(REBUILD, ("storage", 0, (1,), (1,))), "without a storage"),
        (Called(REBUILD, (storage("0", "Float", 24), 0, [1], [1])), "without a storage, a shape"),
        (Called(Name("torch._utils", "_rebuild_parameter"), (ORDERED, True, None)), "parameter without a tensor"),
        (Called(Name("torch._utils", "_rebuild_tensor_v3"), ()), "refers to"),
        (Persistent(SYSTEM), "refers to"),
        (Persistent("storage"), "no storage"),
        (Persistent(("storage",)), "no storage"),
        (Persistent(("storage", "Float", "0", "cpu", 24)), "no storage"),
        (Persistent(("module", Name("torch", "FloatStorage"), "0", "cpu", 24)), "no storage"),
        (storage(0, "Float", 24), "no storage"),
        (storage("0", "Float", -1), "no storage"),
        (storage("0", "Float", 24, ("view", 0, 1)), "no storage"),
        (storage("0", "ComplexFloat", 24), "refers to 'torch.ComplexFloatStorage'"),
        (storage("0", "Float", 24), "no dictionary"),
        (Called(Name("torch.nn.modules.linear", "Linear"), ()), "save its state_dict"),
        ({"model": {"weight": 1}}, "a dictionary under 'model'"),
        ({"epoch": 3}, "a int under 'epoch'"),
        ([1], "no dictionary"),
        ({1: tensor(storage("0", "Float", 24), 0, (1,), (1,))}, "its pickle is broken"),
        ({(): 1}, "its pickle is broken"),
    ],
)
def test_what_is_no_plain_state_dict_is_refused(tmp_path, value, reason):
    refused(tmp_path, zipped(value, {"0": FLOATS.tobytes()}), reason)
    refused(tmp_path, old(value, {"0": (24, FLOATS.tobytes())}), reason)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"\x80\x02.", "its pickle is broken"),
        (b"\x80\x02}u.", "its pickle is broken"),
        (b"\x80\x02t.", "its pickle is broken"),
        (b"\x80\x02K\x01\x87.", "its pickle is broken"),
        (b"\x80\x02h\x07.", "its pickle is broken"),
        (b"\x80\x02}", "its pickle is broken"),
        (b"\x80\x02X\xff\xff\xff\xff.", "its pickle is broken"),
        (b"\x80\x02\x8e" + b"\xff" * 7 + b"\x7f.", "."),
        (b"\x80\x02iposix\nsystem\n.", "the operation b'i'"),
        (b"\x80\x02cposix\nsystem\n)\x81.", "refers to"),
        (b"\x80\x02ccollections\nOrderedDict\n)\x81.", r"the operation b'\\x81'"),
        (b"\x80\x04\x8c\x05posix\x8c\x06system\x93)R.", "refers to 'posix.system'"),
        (b"\x80\x04K\x01K\x02\x93.", "its pickle is broken"),
        (b"\x80\x02\x82\x01.", r"the operation b'\\x82'"),
        (b"\x80\x02\xff.", r"the operation b'\\xff'"),
    ],
)
def test_broken_pickles_are_refused(tmp_path, content, reason):
    refused(tmp_path, zipped(content, {}), reason)


@contextlib.contextmanager
def little_memory(most=5e6):
    """At most so many bytes are taken within."""
    tracemalloc.start()
    try:
        yield
        assert tracemalloc.get_traced_memory()[1] < most
    finally:
        tracemalloc.stop()


def test_a_memo_far_away_takes_no_memory(tmp_path):
    """The standard library's unpickler in C allocates every entry up to the one that is claimed."""
    with little_memory():
        assert read(tmp_path, zipped(b"\x80\x02}r\xff\xff\xff\xff.", {})) == {}


@pytest.mark.parametrize("operations", [b"]", b"]\x94", b"}\x94", b"N\x85\x94", b"("])
def test_a_pickle_of_many_small_values_takes_bounded_memory(tmp_path, operations):
    with little_memory(100e6):
        refused(tmp_path, zipped(b"\x80\2N" + operations * (1_000_000 // len(operations)) + b"N.", {}), ".")


def bomb_by_compression():
    pickle_ = pickled({"weight": tensor(storage("0", "Byte", 1 << 28), 0, (1 << 28,), (1,))})
    return archive([("a/data.pkl", pickle_), ("a/data/0", bytes(1 << 26))], zipfile.ZIP_DEFLATED)


def bomb_by_claim():
    return one((1 << 40,), (1,), where=storage("0", "Float", 1 << 40))


def bomb_by_overlap():
    """Many entries of the directory that share the bytes of one."""
    plain = archive([("a/data.pkl", PICKLE), ("a/data/0", bytes(1 << 16))])
    start = plain.index(b"PK\x01\x02")
    entry = plain[plain.index(b"PK\x01\x02", start + 1) : plain.index(b"PK\x05\x06")]
    more = b"".join(entry[:-1] + bytes([48 + number]) for number in range(1, 10))
    directory = plain[start : plain.index(b"PK\x05\x06")] + more
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 11, 11, len(directory), start, 0)
    return plain[:start] + directory + end


def bomb_of_the_old_format():
    return old({"weight": tensor(storage("0", "Float", 1 << 40), 0, (1,), (1,))}, {"0": (1 << 40, b"1234")})


def bomb_of_a_pickle():
    return archive([("a/data.pkl", b"\x80\x02" + b"N0" * (1 << 20) + b".")])


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (bomb_by_compression, "compressed or encrypted"),
        (bomb_by_claim, "has 96 bytes"),
        (bomb_by_overlap, "entries claim more than|Overlapped"),
        (bomb_of_the_old_format, "has not the 4398046511104 bytes"),
        (bomb_of_a_pickle, "more than 1048576 bytes"),
    ],
)
def test_a_bomb_takes_no_memory(tmp_path, make, reason):
    (tmp_path / "file.pth").write_bytes(make())
    with little_memory(), pytest.raises(ValueError, match=reason):
        read_pth(tmp_path / "file.pth")


def doubling(rounds=200):
    """Opcodes of a tuple of two that are the same, of two that are the same, …: printed or hashed it has no end."""
    return b")q\0" + b"".join(b"h%c\x86q%c" % (i % 256, (i + 1) % 256) for i in range(rounds))


def deep(rounds=100_000):
    """Opcodes of a tuple of one of one …: printed or hashed it is deeper than the interpreter's stack."""
    return b")" + b"\x85" * rounds


STORAGE = pickled(storage("0", "Float", 24))[2:-1]
CALL_REBUILD = pickled(REBUILD)[2:-1]
CALL_ORDERED = pickled(ORDERED)[2:-1]


@pytest.mark.parametrize("nested", [doubling(), deep()], ids=["doubling", "deep"])
@pytest.mark.parametrize(
    ("before", "after", "reason"),
    [
        (b"", b"Q", "no storage: "),
        (b"(X\7\0\0\0storage", b"NNNtQ", r"no storage: \('storage', \("),
        (b"}", b"K\1s", "its pickle is broken"),
        (CALL_REBUILD + b"(" + STORAGE + b"K\0", b")tR", "shape .*, which are no sizes"),
        (CALL_REBUILD + b"(" + STORAGE, b")K\1\x85tR", "offset .*, which are no sizes"),
        (CALL_REBUILD + b"(" + STORAGE + b"K\0)", b"tR", "strides .*, which are no sizes"),
        (CALL_ORDERED + b"](", b"K\1\x86e\x85R", "pairs with a name"),
        (b"}X\1\0\0\0a", b"s", "a tuple under 'a'"),
        (b"", b"", "no dictionary"),
    ],
    ids=["id", "part of an id", "key", "shape", "offset", "strides", "name in a list", "value", "all"],
)
def test_values_that_hold_each_other_are_refused_at_once(tmp_path, nested, before, after, reason):
    content = b"\x80\2" + before + nested + after + b"."
    refused(tmp_path, zipped(content, {"0": FLOATS.tobytes()}), reason)


def test_copies_of_a_dictionary_take_no_memory(tmp_path):
    """Each call has thirty bytes and would take a megabyte."""
    pairs = b"](" + b"".join(b"X\5\0\0\0%05dK\1\x86" % number for number in range(20_000)) + b"eq\0"
    copies = b"](" + (CALL_ORDERED + b"h\0\x85R") * 200 + b"e"
    with little_memory(30e6):
        refused(tmp_path, zipped(b"\x80\2" + pairs + copies + b".", {}), "no dictionary")
