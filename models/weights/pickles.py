"""Reads the pickles that `torch.save` writes, and imports and runs nothing that a file names.

The base is the unpickler of the standard library that is written in Python, left with the operations that build plain
values: names are looked up in a table of ours. The one in C is no base: its operations cannot be removed, and its memo
allocates as many entries as a file claims, so that ten bytes take 64 GB.
"""

import pickle
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO

_BROKEN = (pickle.UnpicklingError, EOFError, IndexError, KeyError, TypeError, AttributeError, struct.error)
"""What the base raises for bytes that are no pickle, besides ValueError."""


@dataclass(frozen=True)
class Call:
    """What a file may call in place of a function of its own: `function(*arguments)`, ours, without side effects.

    It makes nothing larger than what its arguments hold, and compares, hashes and prints none of them as a whole: the
    file may pass the same value thousands of times, and one that holds itself many times over.
    """

    function: Callable[..., Any]


def make_dictionary(pairs: Any = None) -> dict[str, Any]:
    """In place of `collections.OrderedDict`, which Python 2 pickled with a list of its pairs and Python 3 without.

    The list is emptied: only an attack uses it again, to have a copy for each of thousands of calls.

    Raises:
        ValueError: it is called with anything else, or a key is no str.
    """
    if pairs is None:
        return {}
    if type(pairs) is not list:
        raise ValueError("it makes a dictionary from something that is no list of pairs")
    if not all(type(pair) in (tuple, list) and len(pair) == 2 and type(pair[0]) is str for pair in pairs):
        raise ValueError("it makes a dictionary from a list that holds something else than pairs with a name")
    made = dict(pairs)
    pairs.clear()
    return made


def read_pickle(stream: BinaryIO, known: Mapping[str, Any], persistent: Callable[[Any], Any]) -> Any:
    """The value at the position of `stream`, which is left behind that pickle.

    Args:
        stream: bytes in memory, so that a length that a file only claims is never allocated. Its value
            takes less than 100 times their memory.
        known: `module.name` → what replaces it; only a `Call` can be called.
        persistent: persistent id → the value; may raise ValueError.

    Raises:
        ValueError: the pickle is interrupted, uses a name that is not known, or an operation that plain values do not
            need.
    """
    try:
        return _PlainUnpickler(stream, known, persistent).load()
    except _BROKEN as error:
        raise ValueError(f"its pickle is broken ({type(error).__name__}: {error})") from error


_PLAIN = """PROTO FRAME STOP MARK NONE NEWTRUE NEWFALSE BININT BININT1 BININT2 LONG1 BINFLOAT BINUNICODE
SHORT_BINUNICODE BINSTRING SHORT_BINSTRING EMPTY_TUPLE TUPLE TUPLE1 TUPLE2 TUPLE3 EMPTY_LIST APPEND APPENDS EMPTY_DICT
GLOBAL STACK_GLOBAL BINPERSID BINPUT LONG_BINPUT MEMOIZE BINGET LONG_BINGET"""
"""Operations that are taken over as they are: none calls, hashes, compares or prints a value of the file."""


class _Operations(dict[int, Callable[[Any], None]]):
    """Code → method of the unpickler; any other code is an error."""

    def __missing__(self, code: int) -> Callable[[Any], None]:
        raise ValueError(f"its pickle uses the operation {bytes([code])!r}, which no plain state dict needs")


class _PlainUnpickler(pickle._Unpickler):
    stack: list[Any]
    pop_mark: Callable[[], list[Any]]

    def __init__(self, stream: BinaryIO, known: Mapping[str, Any], persistent: Callable[[Any], Any]):
        super().__init__(stream, encoding="latin-1")
        self._known, self._persistent = known, persistent

    def find_class(self, module: str, name: str) -> Any:
        dotted = f"{module}.{name}"
        if dotted not in self._known:
            raise ValueError(
                f"it refers to {dotted[:200]!r}, and only plain state dicts are read: nothing in a file is ever run. "
                "If it holds a whole module, save its state_dict() instead"
            )
        return self._known[dotted]

    def persistent_load(self, pid: Any) -> Any:
        return self._persistent(pid)

    def _reduce(self) -> None:
        arguments, function = self.stack.pop(), self.stack[-1]
        if type(function) is not Call or type(arguments) is not tuple:
            raise ValueError("its pickle calls something that is not a known function")
        self.stack[-1] = function.function(*arguments)

    def _build(self) -> None:
        # The state of an OrderedDict is its `_metadata`, the versions of torch's modules, which is not needed.
        state = self.stack.pop()
        if type(self.stack[-1]) is not dict or type(state) is not dict:
            raise ValueError("its pickle sets the state of something that is no dictionary")

    def _set_item(self) -> None:
        value, key = self.stack.pop(), self.stack.pop()
        self._set([key, value])

    def _set_items(self) -> None:
        self._set(self.pop_mark())

    def _set(self, items: list[Any]) -> None:
        target, keys = self.stack[-1], items[::2]
        # Other keys than str may be hashed for hours: tuples that hold each other, integers of one hash.
        if type(target) is not dict or len(items) % 2 or not all(type(key) is str for key in keys):
            raise TypeError("a dictionary needs pairs with a name")
        target.update(zip(keys, items[1::2], strict=True))

    dispatch = _Operations(
        {code: pickle._Unpickler.dispatch[code] for code in (getattr(pickle, name)[0] for name in _PLAIN.split())}
    )
    dispatch.update({pickle.REDUCE[0]: _reduce, pickle.BUILD[0]: _build})
    dispatch.update({pickle.SETITEM[0]: _set_item, pickle.SETITEMS[0]: _set_items})
