"""A reader of the pickles that `torch.save` writes, which runs nothing that a file names.

Python's own unpickler imports and calls what a file asks for. This one has no such power to be taken away: it knows
the few operations that build plain values, and where a file names something of a module, it looks that name up in a
table of ours. Whatever else a file asks for is an error.
"""

import pickletools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO

_LARGEST = 1 << 19
"""Operations of one pickle; the state dict of a ResNet-152 needs 20,000."""

_PUSHES = frozenset(
    ("BININT", "BININT1", "BININT2", "LONG1", "BINFLOAT", "BINUNICODE", "SHORT_BINUNICODE", "BINSTRING")
) | {"SHORT_BINSTRING"}
_MAKES: Mapping[str, Callable[[], Any]] = {
    "NONE": lambda: None,
    "NEWTRUE": lambda: True,
    "NEWFALSE": lambda: False,
    "EMPTY_TUPLE": tuple,
    "EMPTY_LIST": list,
    "EMPTY_DICT": dict,
}
_NOTHING_TO_DO = frozenset(("PROTO", "FRAME"))


@dataclass(frozen=True)
class Call:
    """What stands for a function that a file may call: `function(*arguments)`, ours, without effects.

    It makes nothing larger than what its arguments hold, and compares, hashes and prints none of them as a whole: the
    file may hand in the same value thousands of times, and one that holds itself many times over.
    """

    function: Callable[..., Any]


def make_dictionary(pairs: Any = None) -> dict[str, Any]:
    """In place of `collections.OrderedDict`, which Python 2 pickled with a list of its pairs and Python 3 without.

    The list is emptied. No pickle uses it twice, unless to have a copy for each of thousands of calls.

    Raises:
        ValueError: it is called with anything else, or a key is no str.
    """
    made: dict[str, Any] = {}
    if pairs is None:
        return made
    if type(pairs) is not list:
        raise ValueError("it makes a dictionary from something that is no list of pairs")
    for pair in pairs:
        if type(pair) not in (tuple, list) or len(pair) != 2 or type(pair[0]) is not str:
            raise ValueError("it makes a dictionary from a list that holds something else than pairs with a name")
        made[pair[0]] = pair[1]
    pairs.clear()
    return made


def read_pickle(stream: BinaryIO, known: Mapping[str, Any], persistent: Callable[[Any], Any]) -> Any:
    """The value at the place where `stream` stands; afterwards it stands behind that pickle.

    Args:
        stream: must hold its bytes in memory: a length that a file only claims is then never allocated.
        known: `module.name` → what stands for it; only a `Call` can be called.
        persistent: persistent id → the value; may raise ValueError.

    Raises:
        ValueError: the pickle is interrupted, asks for a name that is not known, or for an operation that plain values
            do not need.
    """
    machine = _Machine(known, persistent)
    for number, (opcode, argument, _) in enumerate(pickletools.genops(stream)):
        if number == _LARGEST:
            raise ValueError(f"its pickle has more than {_LARGEST} operations")
        try:
            if opcode.name == "STOP":
                return machine.pop()
            machine.do(opcode.name, argument)
        except (IndexError, KeyError, TypeError) as error:
            raise ValueError(f"its pickle is broken at the operation {opcode.name}") from error
    raise ValueError("its pickle has no end")


class _Machine:
    """The stack of values, the marks on it, and the values that were numbered to be used again."""

    def __init__(self, known: Mapping[str, Any], persistent: Callable[[Any], Any]):
        self._known, self._persistent = known, persistent
        self._stack: list[Any] = []
        self._marked: list[list[Any]] = []
        self._memo: dict[int, Any] = {}

    def do(self, name: str, argument: Any) -> None:
        """One operation."""
        if name in _PUSHES:
            self._stack.append(argument)
        elif name in _MAKES:
            self._stack.append(_MAKES[name]())
        elif name in _OPERATIONS:
            _OPERATIONS[name](self, argument)
        elif name not in _NOTHING_TO_DO:
            raise ValueError(f"its pickle uses the operation {name}, which no plain state dict needs")

    def pop(self) -> Any:
        """The last value."""
        return self._stack.pop()

    def _push(self, value: Any) -> None:
        self._stack.append(value)

    def mark(self, _argument: Any) -> None:
        """Sets the stack aside; what comes now is one group."""
        self._marked.append(self._stack)
        self._stack = []

    def _group(self) -> list[Any]:
        group, self._stack = self._stack, self._marked.pop()
        return group

    def _tuple(self, size: int) -> None:
        if len(self._stack) < size:
            raise IndexError
        self._stack[-size:] = [tuple(self._stack[-size:])]

    def _set(self, pairs: list[Any]) -> None:
        target: Any = self._stack[-1]
        if type(target) is not dict or len(pairs) % 2:
            raise TypeError
        for key, value in zip(pairs[::2], pairs[1::2], strict=True):
            if type(key) is not str:  # integers of one hash would make a dictionary take hours
                raise TypeError
            target[key] = value

    def _extend(self, values: list[Any]) -> None:
        target: Any = self._stack[-1]
        if type(target) is not list:
            raise TypeError
        target.extend(values)

    def _name(self, dotted: str) -> None:
        if dotted not in self._known:
            raise ValueError(
                f"it asks for {dotted[:200]!r}, and only plain state dicts are read: nothing in a file is ever run. If "
                "it holds a whole module, save its state_dict() instead"
            )
        self._stack.append(self._known[dotted])

    def _stack_name(self) -> None:
        name, module = self.pop(), self.pop()
        if type(name) is not str or type(module) is not str:
            raise TypeError
        self._name(f"{module}.{name}")

    def _reduce(self) -> None:
        arguments, function = self.pop(), self.pop()
        if type(function) is not Call or type(arguments) is not tuple:
            raise ValueError("its pickle calls what is no function of ours")
        self._stack.append(function.function(*arguments))

    def _build(self) -> None:
        # The state of an OrderedDict is its `_metadata`, the versions of torch's modules: of no use here.
        state, target = self.pop(), self._stack[-1]
        if type(target) is not dict or type(state) is not dict:
            raise ValueError("its pickle sets the state of something that is no dictionary")

    def _remember(self, index: int | None) -> None:
        self._memo[len(self._memo) if index is None else index] = self._stack[-1]

    def _recall(self, index: int) -> None:
        self._stack.append(self._memo[index])

    def _lookup(self) -> None:
        self._stack.append(self._persistent(self.pop()))


_OPERATIONS: Mapping[str, Callable[[_Machine, Any], None]] = {
    "MARK": _Machine.mark,
    "TUPLE": lambda machine, _: machine._push(tuple(machine._group())),
    "TUPLE1": lambda machine, _: machine._tuple(1),
    "TUPLE2": lambda machine, _: machine._tuple(2),
    "TUPLE3": lambda machine, _: machine._tuple(3),
    "SETITEM": lambda machine, _: machine._set([machine.pop(), machine.pop()][::-1]),
    "SETITEMS": lambda machine, _: machine._set(machine._group()),
    "APPEND": lambda machine, _: machine._extend([machine.pop()]),
    "APPENDS": lambda machine, _: machine._extend(machine._group()),
    "GLOBAL": lambda machine, argument: machine._name(argument.replace(" ", ".")),
    "STACK_GLOBAL": lambda machine, _: machine._stack_name(),
    "REDUCE": lambda machine, _: machine._reduce(),
    "BUILD": lambda machine, _: machine._build(),
    "BINPUT": lambda machine, index: machine._remember(index),
    "LONG_BINPUT": lambda machine, index: machine._remember(index),
    "MEMOIZE": lambda machine, _: machine._remember(None),
    "BINGET": lambda machine, index: machine._recall(index),
    "LONG_BINGET": lambda machine, index: machine._recall(index),
    "BINPERSID": lambda machine, _: machine._lookup(),
}
