"""A `.pth` is read without torch, and nothing that somebody put into one is run or believed."""

import struct
from collections import OrderedDict

import numpy as np
import pytest

from models.weights.pth import read_pth
from tests.models.weights.torch_files import (
    BYTES,
    FLOATS,
    PICKLE,
    Called,
    Name,
    archive,
    described,
    old,
    one,
    read,
    refused,
    storage,
    tensor,
    write_pth,
    zipped,
)


def every_kind():
    values = np.arange(-6, 6).reshape(3, 4)
    kinds = ("f8", "f4", "f2", "i8", "i4", "i2", "i1")
    arrays = {f"layer.{kind}": (values * 1.5).astype(kind) for kind in kinds}
    return arrays | {"u1": values.astype("u1"), "scalar": np.array(7, "i8"), "none": np.zeros((0, 3), "f4")}


def check_equal(found, expected):
    assert list(found) == list(expected)
    for name, value in expected.items():
        assert (found[name].dtype, found[name].shape) == (value.dtype, value.shape)
        np.testing.assert_array_equal(found[name], value)


def test_every_kind_of_number_in_the_new_format(tmp_path):
    check_equal(read_pth(write_pth(tmp_path / "file.pth", every_kind())), every_kind())


def test_every_kind_of_number_in_the_old_format(tmp_path):
    tensors, data = described(every_kind(), None)
    storages = {key: (value.size, data[key]) for key, value in zip(data, every_kind().values(), strict=True)}
    check_equal(read(tmp_path, old(tensors, storages)), every_kind())


def test_bfloat16_and_truth_values(tmp_path):
    tensors = {
        "half": tensor(storage("0", "BFloat16", 3), 0, (3,), (1,)),
        "truth": tensor(storage("1", "Bool", 2), 0, (2,), (1,)),
    }
    found = read(tmp_path, zipped(tensors, {"0": struct.pack("<3H", 0x3F80, 0xC040, 0x7F80), "1": b"\x01\x00"}))
    check_equal(found, {"half": np.array([1, -3, np.inf], np.float32), "truth": np.array([True, False])})


def test_the_other_byte_order(tmp_path):
    tensors, _ = described({"weight": FLOATS})
    check_equal(
        read(tmp_path, zipped(tensors, {"0": FLOATS.astype(">f4").tobytes()}, byteorder=b"big")), {"weight": FLOATS}
    )


def test_windows_on_a_shared_storage(tmp_path):
    whole = storage("7", "Float", 24)
    tensors = {
        "whole": tensor(whole, 0, (4, 6), (6, 1)),
        "turned": tensor(whole, 0, (6, 4), (1, 6)),
        "part": tensor(whole, 7, (2, 3), (12, 2)),
        "parameter": Called(Name("torch._utils", "_rebuild_parameter"), (tensor(whole, 23, (), ()), True, None)),
        "one": tensor(whole, 5, (1, 1), (0, 1 << 61)),  # means nothing, and overflows as bytes
    }
    whole_array = FLOATS.reshape(4, 6)
    check_equal(
        read(tmp_path, zipped(tensors, {"7": FLOATS.tobytes()})),
        {
            "whole": whole_array,
            "turned": whole_array.T,
            "part": whole_array[1::2, 1::2],
            "parameter": np.float32(23).reshape(()),
            "one": np.full((1, 1), 5, np.float32),
        },
    )


@pytest.mark.parametrize(
    ("shape", "strides", "offset", "reason"),
    [
        ((25,), (1,), 0, "beyond its storage of 24"),
        ((4, 6), (6, 1), 1, "beyond its storage of 24"),
        ((1,), (1,), 24, "beyond its storage of 24"),
        ((2,), (1 << 61,), 0, "beyond its storage"),
        ((1 << 40,), (0,), 0, "overlaps itself"),
        ((5, 5), (1, 1), 0, "overlaps itself"),
        ((3, 4), (3, 1), 0, "overlaps itself"),
        ((-1,), (1,), 0, "no sizes"),
        ((2,), (-1,), 5, "no sizes"),
        ((2,), (1,), -1, "no sizes"),
        ((True,), (1,), 0, "no sizes"),
        ((2, 2), (2,), 0, "2 sizes and 1 strides"),
        ((1,) * 40, (1,) * 40, 0, "40 sizes"),
        (("2",), (1,), 0, "no sizes"),
    ],
)
def test_windows_beyond_or_overlapping_are_refused(tmp_path, shape, strides, offset, reason):
    refused(tmp_path, one(shape, strides, offset), reason)


@pytest.mark.parametrize("make", ["new", "old"])
def test_a_file_that_breaks_off_is_refused_wherever_it_does(tmp_path, make):
    tensors, data = described({"first": FLOATS, "second": FLOATS * 2})
    content = (
        zipped(tensors, data) if make == "new" else old(tensors, {key: (24, value) for key, value in data.items()})
    )
    assert len(read(tmp_path, content)) == 2
    for length in {0, 1, 2, 3, 4, 10, *range(20, len(content), 23), len(content) - 1}:
        with pytest.raises(ValueError, match=r".+"):
            read(tmp_path, content[:length])


def test_a_damaged_byte_is_noticed(tmp_path):
    content = bytearray(one((24,), (1,)))
    content[content.index(FLOATS.tobytes()) + 5] ^= 1
    refused(tmp_path, bytes(content), "damaged .*CRC")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"<!DOCTYPE html><html>Please log in", "neither format"),
        (b"", "neither format"),
        (b"\x80\x02K\x01.\x80\x02K\x01.", "not of torch.save"),
        (old({}, {}, version=1002), "not of torch.save"),
        (old({}, {"0": (1, b"1234")}), "not that of its tensors"),
    ],
)
def test_what_is_no_file_of_torch_is_refused(tmp_path, content, reason):
    refused(tmp_path, content, reason)


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize(
    ("entries", "reason"),
    [
        ([("a/data.pkl", PICKLE), ("b/data/0", BYTES)], "no data.pkl in a single folder"),
        ([("data.pkl", PICKLE), ("data/0", BYTES)], "name that torch.save never gives"),
        ([("../data.pkl", PICKLE), ("../data/0", BYTES)], "name that torch.save never gives"),
        ([("a/data.pkl", PICKLE), ("a/data/../data/0", BYTES)], "name that torch.save never gives"),
        ([("/data.pkl", PICKLE), ("a/data/0", BYTES)], "single folder"),
        ([("a/data.pkl", PICKLE), ("a/data/0", BYTES), ("a/data/0", BYTES)], "is there twice"),
        ([("a/data.pkl", PICKLE)], "storage '0' of 96 bytes is not there"),
        ([("a/data.pkl", PICKLE), ("a/data/0", BYTES[:-1])], "storage '0' of 96 bytes has 95 bytes"),
        ([("a/data.pkl", PICKLE), ("a/data/0", BYTES + b"1")], "storage '0' of 96 bytes has 97 bytes"),
        ([("a/other", PICKLE)], "no data.pkl"),
    ],
)
def test_entries_that_lie_are_refused(tmp_path, entries, reason):
    refused(tmp_path, archive(entries), reason)


def test_an_entry_with_two_names_is_refused(tmp_path):
    content = one((24,), (1,))
    end = content.rindex(b"archive/data/0")
    refused(tmp_path, content[:end] + b"archive/data/1" + content[end + 14 :], "is not there")
    start = content.index(b"archive/data/0")
    refused(tmp_path, content[:start] + b"archive/data/1" + content[start + 14 :], "damaged .*differ")


def test_a_storage_with_two_descriptions_is_refused(tmp_path):
    tensors = {
        "a": tensor(storage("0", "Float", 24), 0, (24,), (1,)),
        "b": tensor(storage("0", "Int", 24), 0, (24,), (1,)),
    }
    refused(tmp_path, zipped(tensors, {"0": BYTES}), "described in two ways")


@pytest.mark.parametrize("new", [True, False])
def test_it_reads_what_torch_writes(tmp_path, new):
    torch = pytest.importorskip("torch")
    base = torch.arange(120, dtype=torch.float32).reshape(4, 5, 6) / 7
    state = OrderedDict(base=base, view=base[1:3, :, 2:5], turned=base.transpose(0, 2), scalar=torch.tensor(7))
    state |= {str(kind): base.to(kind) for kind in (torch.float16, torch.bfloat16, torch.float64, torch.int64)}
    state["parameter"] = torch.nn.Parameter(base)
    torch.save(state, tmp_path / "file.pth", _use_new_zipfile_serialization=new)
    found = read_pth(tmp_path / "file.pth")
    assert list(found) == list(state)
    for name, value in state.items():
        expected = value.float() if value.dtype == torch.bfloat16 else value
        np.testing.assert_array_equal(found[name], expected.detach().numpy(), strict=True)
