"""What a training may use here: cores, memory, GPUs, bfloat16. Nothing of TensorFlow is imported to find out."""

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from data_loader.cores import usable_cores
from utils.memory import available_memory

_QUERY = ("--query-gpu=memory.total,compute_cap", "--format=csv,noheader,nounits")
MANY_CORES = 16
"""From so many on ResNet-50 trains without a GPU: an image of 512×512 takes two cores about 2 s."""
_CPU_BF16 = {"avx512_bf16", "amx_bf16"}
_GPU_BF16 = 8.0
"""The compute capability from which NVIDIA's GPUs have bfloat16."""
_NO_GPU = {"", "-1"}
"""Values of CUDA_VISIBLE_DEVICES that hide all of them."""


@dataclass(frozen=True)
class Machine:
    """The machine in the numbers that choices depend on.

    Attributes:
        cores: that this process may use.
        memory: bytes that are free; None where that is not known.
        gpus: memory of each GPU in bytes.
        bf16: whether it computes in bfloat16 without converting.
    """

    cores: int
    memory: int | None = None
    gpus: tuple[int, ...] = ()
    bf16: bool = False

    @classmethod
    def here(cls) -> "Machine":
        """This machine; GPUs as `nvidia-smi` lists them."""
        gpus = _gpus()
        bf16 = all(capability >= _GPU_BF16 for _, capability in gpus) if gpus else bool(_CPU_BF16 & _cpu_flags())
        return cls(usable_cores(), available_memory(), tuple(memory for memory, _ in gpus), bf16)

    def __str__(self) -> str:
        parts = [f"{self.cores} CPU core{'s' * (self.cores != 1)}"]
        if self.gpus:
            parts.append(f"{len(self.gpus)} GPU{'s' * (len(self.gpus) != 1)} of {min(self.gpus) / 1e9:.0f} GB")
        elif self.memory is not None:
            parts.append(f"{self.memory / 1e9:.0f} GB of memory free")
        return ", ".join(parts)


def _cpu_flags(info: Path = Path("/proc/cpuinfo")) -> set[str]:
    """What the processor can do, as Linux names it; empty elsewhere."""
    lines = info.read_text(encoding="utf-8", errors="replace").splitlines() if info.is_file() else []
    return set(next((line.partition(":")[2].split() for line in lines if line.startswith("flags")), ()))


def _gpus() -> list[tuple[int, float]]:
    """Bytes and compute capability of each GPU; none where there is no `nvidia-smi` or it does not answer."""
    tool = shutil.which("nvidia-smi")
    if tool is None or os.environ.get("CUDA_VISIBLE_DEVICES", "all").strip() in _NO_GPU:
        return []
    try:
        done = subprocess.run([tool, *_QUERY], capture_output=True, text=True, timeout=20, check=True)
        rows = [line.split(",") for line in done.stdout.splitlines() if line.strip()]
        return [(int(float(memory)) << 20, float(capability)) for memory, capability in rows]
    except (OSError, ValueError, subprocess.SubprocessError):
        return []
