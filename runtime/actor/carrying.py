"""Carries what a type does not know through a change of what it knows, at any depth.

Theory of operation: a value is held as JSON in two readings, as a tree and as typed structs. Before the typed reading,
`take` removes from the tree every member that the type has no name for, and returns it with its place; after the change,
`give` puts it back into the tree of what became of the value. Members of structs are matched by name, values of
dictionaries by key, elements of lists by equality of what is known of them, else by position; elements of sets by
equality alone. What is no longer there, or became another kind of struct, takes what it carried with it. An element that
was changed to what another one had been is taken for that one: nothing but a name of its own could tell them apart.

Knows nothing of states, versions or the reason for a change.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, get_args

import msgspec
from msgspec import inspect


@dataclass(slots=True)
class Carried:
    """What was taken out of one object or array: members of its own, and what its known members carry."""

    shape: Shape
    unknown: dict[str, object] = field(default_factory=dict)
    rest: Sequence[object] = ()
    inner: dict[Any, Carried] = field(default_factory=dict)
    elements: Sequence[object] = ()
    """Of a list: what was known of each element, to recognize it by."""


class Shape(Protocol):
    """The part of a type that matters here: where in its JSON there may be members without a name."""

    def take(self, tree: object) -> Carried | None:
        """Remove from `tree` what the type does not know and return it; None where there is nothing."""

    def give(self, tree: object, carried: Carried) -> bool:
        """Put back into `tree` what `take` returned; False where no place was left for any of it."""

    def normal(self, tree: object) -> object:
        """Return the tree of a value as the type itself writes it."""


def shape_of(cls: type) -> Shape | None:
    """Return the shape of a type, None if its JSON can hold nothing unknown. Raises TypeError for what has no JSON."""
    return _compile(inspect.type_info(cls), {})


def _compile(info: inspect.Type, known: _Known) -> Shape | None:
    if id(info) in known:
        return known[id(info)]
    compiler = _COMPILERS.get(type(info))
    return None if compiler is None else compiler(info, known)


def _compile_class(info: _Class, known: _Known) -> Shape:
    if isinstance(info, inspect.NamedTupleType) or getattr(info, "array_like", False):
        array = known[id(info)] = _Array(info.cls)
        tag = [None] if getattr(info, "tag", None) is not None else []
        array.items = (*tag, *(_compile(one.type, known) for one in info.fields))
        return array
    shape = known[id(info)] = _Object(info.cls)
    shape.names = frozenset({getattr(info, "tag_field", None), *(one.encode_name for one in info.fields)})
    for one in info.fields:
        if (inner := _compile(one.type, known)) is not None:
            shape.inside[one.encode_name] = inner
            shape.defaults[one.encode_name] = _default(one)
    return shape


def _compile_elements(info: inspect.CollectionType, known: _Known) -> Shape | None:
    item = _compile(info.item_type, known)
    ordered = isinstance(info, inspect.ListType | inspect.VarTupleType)
    return None if item is None else _Elements(item, ordered=ordered)


def _compile_values(info: inspect.DictType, known: _Known) -> Shape | None:
    value = _compile(info.value_type, known)
    return None if value is None else _Values(value)


def _compile_tuple(info: inspect.TupleType, known: _Known) -> Shape | None:
    items = tuple(_compile(item, known) for item in info.item_types)
    return _Array(None, items) if any(items) else None


def _compile_union(info: inspect.UnionType, known: _Known) -> Shape | None:
    union = _Union()
    for member in info.types:
        shape = _compile(member, known)
        bare = member.type if isinstance(member, inspect.Metadata) else member
        if shape is not None and isinstance(bare, inspect.StructType) and bare.tag is not None:
            union.tag_field, union.tagged[bare.tag] = bare.tag_field, shape
        elif shape is not None:
            union.plain[list if isinstance(shape, _Array | _Elements) else dict] = shape
    return union if union.tagged or union.plain else None


_Class = inspect.StructType | inspect.TypedDictType | inspect.DataclassType | inspect.NamedTupleType
_Known = dict[int, "Shape"]  # those that are on their way, because a struct may hold itself
_COMPILERS: Mapping[type, Callable[[Any, _Known], Shape | None]] = {
    inspect.Metadata: lambda info, known: _compile(info.type, known),
    **dict.fromkeys(get_args(_Class), _compile_class),
    **dict.fromkeys(
        (inspect.ListType, inspect.VarTupleType, inspect.SetType, inspect.FrozenSetType), _compile_elements
    ),
    inspect.DictType: _compile_values,
    inspect.TupleType: _compile_tuple,
    inspect.UnionType: _compile_union,
}


def _default(one: inspect.Field) -> bytes:
    """Return what stands for a member that was left out because it has its default, as JSON."""
    if one.default_factory is not msgspec.NODEFAULT:
        return msgspec.json.encode(one.default_factory())
    return b"null" if one.default is msgspec.NODEFAULT else msgspec.json.encode(one.default)


def _as_written(cls: type, tree: object) -> object:
    return msgspec.json.decode(msgspec.json.encode(msgspec.json.decode(msgspec.json.encode(tree), type=cls)))


def _frozen(tree: Any) -> Hashable:
    """Return a tree as a value that can be looked up."""
    if isinstance(tree, dict):
        return frozenset((key, _frozen(value)) for key, value in tree.items())
    if isinstance(tree, list):
        return tuple(_frozen(value) for value in tree)
    leaf: Hashable = tree
    return leaf


class _Object:
    """A struct, a dataclass or a typed dictionary: members by name, some of which may be nobody's."""

    def __init__(self, cls: type) -> None:
        self.cls = cls
        self.names: frozenset[str | None] = frozenset()
        self.inside: dict[str, Shape] = {}
        self.defaults: dict[str, bytes] = {}

    def take(self, tree: object) -> Carried | None:
        if not isinstance(tree, dict):
            return None
        unknown = {name: tree.pop(name) for name in [name for name in tree if name not in self.names]}
        inner = _take_each({name: shape for name, shape in self.inside.items() if name in tree}, tree)
        return Carried(self, unknown=unknown, inner=inner) if unknown or inner else None

    def give(self, tree: object, carried: Carried) -> bool:
        if not isinstance(tree, dict):
            return False
        placed = bool(carried.unknown)
        for name, inner in carried.inner.items():
            value = tree[name] if name in tree else msgspec.json.decode(self.defaults[name])
            if self.inside[name].give(value, inner):
                tree[name] = value
                placed = True
        tree.update(carried.unknown)
        return placed

    def normal(self, tree: object) -> object:
        return _as_written(self.cls, tree)


class _Array:
    """An array with a meaning for each place; one that a class gives names to may have grown at its end."""

    def __init__(self, cls: type | None, items: Sequence[Shape | None] = ()) -> None:
        self.cls = cls
        self.items = items

    def take(self, tree: object) -> Carried | None:
        if not isinstance(tree, list):
            return None
        rest: list[object] = []
        if self.cls is not None:
            rest = tree[len(self.items) :]
            del tree[len(self.items) :]
        shapes = {at: shape for at, shape in enumerate(self.items[: len(tree)]) if shape is not None}
        inner = _take_each(shapes, tree)
        return Carried(self, rest=rest, inner=inner) if rest or inner else None

    def give(self, tree: object, carried: Carried) -> bool:
        if not isinstance(tree, list) or len(tree) != len(self.items):
            return False
        placed = bool(carried.rest)
        for at, inner in carried.inner.items():
            shape = self.items[at]
            placed |= shape is not None and shape.give(tree[at], inner)
        tree.extend(carried.rest)
        return placed

    def normal(self, tree: object) -> object:
        if self.cls is not None:
            return _as_written(self.cls, tree)
        if not isinstance(tree, list):
            return tree
        return [v if s is None else s.normal(v) for s, v in zip(self.items, tree, strict=False)]


class _Values:
    """A dictionary: its keys are data, its values may hold what is unknown."""

    def __init__(self, value: Shape) -> None:
        self.value = value

    def take(self, tree: object) -> Carried | None:
        inner = _take_each(dict.fromkeys(tree, self.value), tree) if isinstance(tree, dict) else {}
        return Carried(self, inner=inner) if inner else None

    def give(self, tree: object, carried: Carried) -> bool:
        if not isinstance(tree, dict):
            return False
        placed = False
        for key, inner in carried.inner.items():
            placed |= key in tree and self.value.give(tree[key], inner)
        return placed

    def normal(self, tree: object) -> object:
        return {k: self.value.normal(v) for k, v in tree.items()} if isinstance(tree, dict) else tree


class _Elements:
    """A list, a tuple of any length or a set: elements come, go and move."""

    def __init__(self, item: Shape, *, ordered: bool) -> None:
        self.item = item
        self.ordered = ordered

    def take(self, tree: object) -> Carried | None:
        if not isinstance(tree, list):
            return None
        inner = _take_each(dict.fromkeys(range(len(tree)), self.item), tree)
        return Carried(self, inner=inner, elements=tree) if inner else None

    def give(self, tree: object, carried: Carried) -> bool:
        if not isinstance(tree, list):
            return False
        before = [_frozen(self.item.normal(element)) for element in carried.elements]
        places = _matches(before, [_frozen(element) for element in tree], by_place=self.ordered)
        placed = False
        for at, inner in carried.inner.items():
            placed |= at in places and self.item.give(tree[places[at]], inner)
        return placed

    def normal(self, tree: object) -> object:
        return [self.item.normal(element) for element in tree] if isinstance(tree, list) else tree


class _Union:
    """One of several: which one, its JSON says."""

    def __init__(self) -> None:
        self.tag_field: str | None = None
        self.tagged: dict[object, Shape] = {}
        self.plain: dict[type, Shape] = {}

    def take(self, tree: object) -> Carried | None:
        shape = self._choose(tree)
        return None if shape is None else shape.take(tree)

    def give(self, tree: object, carried: Carried) -> bool:
        return self._choose(tree) is carried.shape and carried.shape.give(tree, carried)

    def normal(self, tree: object) -> object:
        shape = self._choose(tree)
        return tree if shape is None else shape.normal(tree)

    def _choose(self, tree: object) -> Shape | None:
        tag: object = None
        if isinstance(tree, dict):
            tag = tree.get(self.tag_field)
        elif isinstance(tree, list) and tree:
            tag = tree[0]
        tagged = self.tagged.get(tag) if isinstance(tag, str | int) else None
        return tagged or self.plain.get(type(tree))


def _take_each(shapes: Mapping[Any, Shape], tree: Any) -> dict[Any, Carried]:
    return {key: taken for key, shape in shapes.items() if (taken := shape.take(tree[key])) is not None}


def _matches(before: Sequence[Hashable], after: Sequence[Hashable], *, by_place: bool) -> dict[int, int]:
    """Return where each element of `before` is in `after`: an equal one first, else the one in its place."""
    free: dict[Hashable, list[int]] = {}
    for at in reversed(range(len(after))):
        free.setdefault(after[at], []).append(at)
    places: dict[int, int] = {
        at: free[element].pop() for at, element in enumerate(before) if free.get(element)
    }
    if by_place:
        taken = set(places.values())
        places |= {
            at: at for at in range(min(len(before), len(after))) if at not in places and at not in taken
        }
    return places
