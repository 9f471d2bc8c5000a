"""Arrays by name from `.npz` and `.safetensors`, and what is neither."""

import io
import json
import struct
import sys
import zipfile

import numpy as np
import pytest

from models.weights.errors import WeightsError
from models.weights.files import read_arrays
from tests.models.weights.torch_files import write_pth, zipped

ARRAYS = {
    "a.weight": np.arange(6, dtype=np.float32).reshape(2, 3),
    "b.bias": np.array([1.5], np.float16),
    "c": np.array(3, np.int64),
}


def check_equal(found, expected):
    assert sorted(found) == sorted(expected)
    for name, value in expected.items():
        assert found[name].dtype == value.dtype
        np.testing.assert_array_equal(found[name], value, strict=True)


def refused(path, content, reason):
    path.write_bytes(content)
    with pytest.raises(WeightsError, match=reason) as error:
        read_arrays(path)
    assert str(path) in str(error.value) and error.value.exit_code == 2


def write_safetensors(path, entries):
    """Name → (kind, shape, bytes) in its format: the length of the header, the header, the numbers."""
    header, data = {}, b""
    for name, (kind, shape, content) in entries.items():
        header[name] = {"dtype": kind, "shape": shape, "data_offsets": [len(data), len(data) + len(content)]}
        data += content
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)
    return path


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_npz(tmp_path, save):
    save(tmp_path / "a.npz", **ARRAYS, turned=np.asfortranarray(ARRAYS["a.weight"]))
    check_equal(read_arrays(tmp_path / "a.npz"), {**ARRAYS, "turned": ARRAYS["a.weight"]})


def test_pth(tmp_path):
    check_equal(read_arrays(write_pth(tmp_path / "a.pth", ARRAYS)), ARRAYS)


def test_a_pth_too_deep_to_print_is_a_weights_error(tmp_path):
    pickle = b"\x80\2)" + b"\x85" * 100_000 + b"Q."
    refused(tmp_path / "a.pth", zipped(pickle, {}), "refers to something that is no storage")


def test_safetensors(tmp_path):
    pytest.importorskip("safetensors.numpy").save_file(ARRAYS, tmp_path / "a.safetensors")
    check_equal(read_arrays(tmp_path / "a.safetensors"), ARRAYS)


def test_safetensors_of_bfloat16_and_of_unknown_kinds(tmp_path):
    pytest.importorskip("safetensors")
    path = write_safetensors(tmp_path / "a.safetensors", {"a": ("BF16", [2], struct.pack("<2H", 0x3F80, 0xC040))})
    check_equal(read_arrays(path), {"a": np.array([1, -3], np.float32)})
    write_safetensors(path, {"a": ("F8_E4M3", [2], b"12")})
    with pytest.raises(WeightsError, match="numbers of the kind F8_E4M3; known are F64"):
        read_arrays(path)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff" * 100,
        struct.pack("<Q", 1 << 40) + b"{}",
        struct.pack("<Q", 100)
        + b'{"a":{"dtype":"F32","shape":[1099511627776],"data_offsets":[0,4398046511104]}}'.ljust(100),
    ],
)
def test_broken_safetensors_are_refused(tmp_path, content):
    pytest.importorskip("safetensors")
    refused(tmp_path / "a.safetensors", content, "interrupted or damaged")


def test_without_the_package_the_error_says_what_to_type(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "safetensors", None)
    refused(tmp_path / "a.safetensors", b"x", r'not installed: pip install "safetensors>=')


def npz(name="a.npy", content=b"", compression=zipfile.ZIP_STORED):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression) as archive:
        archive.writestr(name, content)
    return file.getvalue()


def header(shape, descr="'<f4'"):
    """An array's header that says so, and no numbers."""
    text = f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}}}".ljust(117).encode() + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text


def npy(value=None, shape=None):
    file = io.BytesIO()
    np.save(file, np.zeros(4, np.float32) if value is None else value)
    return file.getvalue().replace(b"(4,)", shape) if shape else file.getvalue()


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (npz(content=npy(np.array([{"a": 1}], dtype=object))), "claims object"),
        (npz(content=npy(np.array(["text"]))), "claims <U4"),
        (npz(content=npy(shape=b"(9999999999,)")), "9999999999.* bytes are there"),
        (npz(content=npy(shape=b"(3,)")), r"shape \(3,\), and 16 bytes"),
        (npz(content=npy()[:-1]), r"shape \(4,\), and 15 bytes"),
        (npz(content=b"text"), "magic"),
        (npz(content=b""), "magic|EOF"),
        (npz(content=npy())[:-30], "interrupted or damaged"),
        (npz(content=npy(np.zeros(1 << 23, np.float32)), compression=zipfile.ZIP_DEFLATED), "would become 33554560"),
        (npz(content=npy(), compression=zipfile.ZIP_LZMA), "compressed in a way that NumPy never does"),
        (npz(content=header("(0, -1)")), "unknown|cannot reshape"),
        (npz(content=header(f"(0, {1 << 70})")), "dimension"),
        (npz(content=header("(4,), (")), "interrupted or damaged"),
        (npz(content=header("(0,), [1]: 2")), "interrupted or damaged"),
        (npz(content=header("(0,)", "('<f4',)")), "interrupted or damaged"),
        (b"text", "interrupted or damaged"),
    ],
)
def test_an_npz_that_lies_or_is_broken_is_refused(tmp_path, content, reason):
    refused(tmp_path / "a.npz", content, reason)


@pytest.mark.parametrize("suffix", [".pth", ".npz", ".safetensors"])
@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"\r\n<!DOCTYPE html>\n<html><title>Log in to continue</title>", "it is a web page: a login of the network"),
        (b"\xef\xbb\xbf<HTML>", "web page"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "pointer of Git LFS"),
    ],
)
def test_a_page_or_a_pointer_in_place_of_weights_is_told(tmp_path, suffix, content, reason):
    refused(tmp_path / f"a{suffix}", content, reason)
