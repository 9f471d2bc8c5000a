"""What is found of the machine."""

import pytest

from preparation.suggest.machine import Machine, _cpu_flags


@pytest.fixture
def with_gpus(tmp_path, monkeypatch):
    """Puts an `nvidia-smi` into the path that prints the given text and ends with the given code."""

    def install(text, code=0):
        tool = tmp_path / "nvidia-smi"
        tool.write_text(f"#!/bin/sh\nprintf '{text}'\nexit {code}\n")
        tool.chmod(0o755)
        monkeypatch.setenv("PATH", str(tmp_path))
        monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)

    return install


def test_gpus_are_listed_with_their_memory(with_gpus):
    with_gpus("24576, 8.6\\n16384, 7.5\\n")
    machine = Machine.here()
    assert machine.gpus == (24576 << 20, 16384 << 20)
    assert not machine.bf16  # one of them has none
    assert "2 GPUs of 17 GB" in str(machine)


def test_a_hidden_gpu_is_none(with_gpus, monkeypatch):
    with_gpus("24576, 8.6\\n")
    assert Machine.here().gpus and Machine.here().bf16
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "-1")
    assert not Machine.here().gpus


@pytest.mark.parametrize(("text", "code"), [("no devices were found", 6), ("no devices were found", 0)])
def test_a_driver_that_does_not_answer_is_no_gpu(with_gpus, text, code):
    with_gpus(text, code)
    machine = Machine.here()
    assert machine.gpus == () and machine.cores >= 1


def test_the_flags_of_the_processor(tmp_path):
    info = tmp_path / "cpuinfo"
    info.write_text("processor\t: 0\nflags\t\t: fpu avx2 amx_bf16\n\nprocessor\t: 1\nflags\t\t: other\n")
    assert _cpu_flags(info) == {"fpu", "avx2", "amx_bf16"}
    assert _cpu_flags(tmp_path / "none") == set()


def test_words_for_a_machine():
    assert str(Machine(1, 2_000_000_000)) == "1 CPU core, 2 GB of memory free"
    assert str(Machine(4)) == "4 CPU cores"
