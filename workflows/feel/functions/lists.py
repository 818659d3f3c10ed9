"""List functions (DMN 1.5, 10.3.4.4)."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from functools import cmp_to_key

from workflows.feel.errors import FeelLimitExceeded
from workflows.feel.evaluation import Evaluation
from workflows.feel.functions.registry import builtin
from workflows.feel.nulls import not_boolean, out_of_range, wrong_arguments
from workflows.feel.operators import add, compare, divide, multiply, same
from workflows.feel.values import DECIMAL128, FeelValue, FunctionValue, type_name

_List = list[FeelValue]
_FLATTEN_LIMIT = 100


@builtin("list contains", "list: list, element: any?")
def _list_contains(run: Evaluation, items: _List, element: FeelValue) -> FeelValue:
    return any(same(run, item, element) for item in items)


@builtin("count", "list...: list")
def _count(_: Evaluation, items: _List) -> FeelValue:
    return Decimal(len(items))


@builtin("min", "list...: list")
def _minimum(run: Evaluation, items: _List) -> FeelValue:
    return _extreme(run, "min", items, -1)


@builtin("max", "list...: list")
def _maximum(run: Evaluation, items: _List) -> FeelValue:
    return _extreme(run, "max", items, 1)


def _extreme(run: Evaluation, name: str, items: _List, sign: int) -> FeelValue:
    run.step(len(items))
    if not items:
        return None
    best = items[0]
    if compare(best, best) is None:
        return run.null(wrong_arguments(name))
    for item in items[1:]:
        order = compare(item, best)
        if order is None:
            return run.null(wrong_arguments(name))
        if order == sign:
            best = item
    return best


@builtin("sum", "list...: list")
def _total(run: Evaluation, items: _List) -> FeelValue:
    """Of numbers or of durations; null for the empty list."""
    run.step(len(items))
    if not items or type(items[0]) is str or compare(items[0], items[0]) is None:
        return run.null(wrong_arguments("sum")) if items else None
    result = items[0]
    for item in items[1:]:
        result = add(run, result, item)
    return result


@builtin("product", "list...: list")
def _product(run: Evaluation, items: _List) -> FeelValue:
    if not items or not _are_numbers(run, items):
        return run.null(wrong_arguments("product")) if items else None
    result: FeelValue = Decimal(1)
    for item in items:
        result = multiply(run, result, item)
    return result


@builtin("mean", "list...: list")
def _mean(run: Evaluation, items: _List) -> FeelValue:
    result = _total(run, items)
    return None if result is None else divide(run, result, Decimal(len(items)))


@builtin("median", "list...: list")
def _median(run: Evaluation, items: _List) -> FeelValue:
    if not items or not _are_numbers(run, items):
        return run.null(wrong_arguments("median")) if items else None
    ordered = sorted(items)
    middle = len(ordered) // 2
    if len(ordered) % 2:
        return ordered[middle]
    return DECIMAL128.divide(DECIMAL128.add(ordered[middle - 1], ordered[middle]), Decimal(2))


@builtin("stddev", "list...: list")
def _stddev(run: Evaluation, items: _List) -> FeelValue:
    """Of a sample: divided by one less than the number of elements."""
    if len(items) < 2 or not _are_numbers(run, items):
        return run.null(wrong_arguments("stddev"))
    average = DECIMAL128.divide(_sum(items), Decimal(len(items)))
    squares = [DECIMAL128.power(DECIMAL128.subtract(item, average), Decimal(2)) for item in items]
    deviation = DECIMAL128.sqrt(DECIMAL128.divide(_sum(squares), Decimal(len(items) - 1)))
    return deviation if deviation.is_finite() else run.null(out_of_range("stddev"))


def _sum(numbers: _List) -> Decimal:
    result = Decimal(0)
    for number in numbers:
        result = DECIMAL128.add(result, number)
    return result


@builtin("mode", "list...: list")
def _mode(run: Evaluation, items: _List) -> FeelValue:
    """The most frequent numbers, ascending."""
    if not _are_numbers(run, items):
        return run.null(wrong_arguments("mode"))
    frequencies: dict[Decimal, int] = {}
    for item in items:
        frequencies[item] = frequencies.get(item, 0) + 1
    highest = max(frequencies.values(), default=0)
    return sorted(number for number, frequency in frequencies.items() if frequency == highest)


def _are_numbers(run: Evaluation, items: _List) -> bool:
    run.step(len(items))
    return all(type(item) is Decimal for item in items)


@builtin("all", "list...: list")
def _all_true(run: Evaluation, items: _List) -> FeelValue:
    return _decide(run, items, decisive=False)


@builtin("any", "list...: list")
def _any_true(run: Evaluation, items: _List) -> FeelValue:
    return _decide(run, items, decisive=True)


def _decide(run: Evaluation, items: _List, *, decisive: bool) -> FeelValue:
    run.step(len(items))
    if any(item is decisive for item in items):
        return decisive
    for item in items:
        if type(item) is not bool:
            return run.null(not_boolean(type_name(item)))
    return not decisive


@builtin("sublist", "list: list, start position: number, length?: number")
def _sublist(run: Evaluation, items: _List, start: Decimal, length: Decimal | None = None) -> FeelValue:
    position = _position(items, start)
    if position is None or (length is not None and (length < 1 or length > len(items) - position)):
        return run.null(out_of_range("sublist"))
    run.room_for(len(items))
    return items[position:] if length is None else items[position : position + int(length)]


def _position(items: _List, index: Decimal) -> int | None:
    """The offset of an index from 1, or from the end when negative."""
    if abs(index) >= len(items) + 1 or int(index) == 0:
        return None
    whole = int(index)
    return whole - 1 if whole > 0 else len(items) + whole


@builtin("append", "list: list, item*: list")
def _append(run: Evaluation, items: _List, added: _List) -> FeelValue:
    run.room_for(len(items) + len(added))
    return [*items, *added]


@builtin("concatenate", "list*: list")
def _concatenate(run: Evaluation, lists: _List) -> FeelValue:
    return _joined(run, "concatenate", lists)


@builtin("union", "list*: list")
def _union(run: Evaluation, lists: _List) -> FeelValue:
    joined = _joined(run, "union", lists)
    return None if joined is None else _distinct_values(run, joined)


def _joined(run: Evaluation, name: str, lists: _List) -> FeelValue:
    """The elements of all lists; a single value counts as a list of itself."""
    joined: _List = []
    for part in lists:
        if part is None:
            return run.null(wrong_arguments(name))
        joined.extend(part if type(part) is list else [part])
        run.room_for(len(joined))
    return joined


@builtin("insert before", "list: list, position: number, newItem: any?")
def _insert_before(run: Evaluation, items: _List, index: Decimal, item: FeelValue) -> FeelValue:
    position = _position(items, index)
    if position is None:
        return run.null(out_of_range("insert before"))
    run.room_for(len(items) + 1)
    return [*items[:position], item, *items[position:]]


@builtin("remove", "list: list, position: number")
def _remove(run: Evaluation, items: _List, index: Decimal) -> FeelValue:
    position = _position(items, index)
    if position is None:
        return run.null(out_of_range("remove"))
    run.room_for(len(items))
    return [*items[:position], *items[position + 1 :]]


@builtin("list replace", "list: list, position: number, newItem: any?")
def _list_replace(run: Evaluation, items: _List, index: Decimal, item: FeelValue) -> FeelValue:
    position = _position(items, index)
    if position is None:
        return run.null(out_of_range("list replace"))
    run.room_for(len(items))
    return [*items[:position], item, *items[position + 1 :]]


@builtin("list replace", "list: list, match: function, newItem: any?")
def _list_replace_matching(run: Evaluation, items: _List, match: FunctionValue, new: FeelValue) -> FeelValue:
    run.room_for(len(items))
    replaced: _List = []
    for item in items:
        run.step()
        outcome = match.call(run, [item, new])
        if type(outcome) is not bool:
            return run.null(not_boolean(type_name(outcome)))
        replaced.append(new if outcome else item)
    return replaced


@builtin("reverse", "list: list")
def _reverse(run: Evaluation, items: _List) -> FeelValue:
    run.room_for(len(items))
    return items[::-1]


@builtin("index of", "list: list, match: any?")
def _index_of(run: Evaluation, items: _List, match: FeelValue) -> FeelValue:
    return [Decimal(number) for number, item in enumerate(items, 1) if same(run, item, match)]


@builtin("distinct values", "list: list")
def _distinct_values(run: Evaluation, items: _List) -> FeelValue:
    distinct: _List = []
    scalars: set[Decimal | str] = set()
    others: _List = []
    for item in items:
        run.step()
        if isinstance(item, Decimal | str):
            if item in scalars:
                continue
            scalars.add(item)
        elif any(same(run, item, other) for other in others):
            continue
        else:
            others.append(item)
        distinct.append(item)
    return distinct


@builtin("flatten", "list: list")
def _flatten(run: Evaluation, items: _List) -> FeelValue:
    flat: _List = []
    parts: list[Iterator[FeelValue]] = [iter(items)]
    while parts:
        for item in parts[-1]:
            run.step()
            if type(item) is list:
                parts.append(iter(item))
                break
            flat.append(item)
        else:
            parts.pop()
        if len(parts) > _FLATTEN_LIMIT:
            raise FeelLimitExceeded(limit="levels of lists", maximum=_FLATTEN_LIMIT)
    run.room_for(len(flat))
    return flat


@builtin("sort", "list: list, precedes?: function")
def _sort(run: Evaluation, items: _List, precedes: FunctionValue | None = None) -> FeelValue:
    """By the function that says whether its first argument comes first; without it ascending."""
    run.room_for(len(items))
    run.step(len(items))

    def order(left: FeelValue, right: FeelValue) -> int:
        run.step()
        if precedes is None:
            natural = compare(left, right)
            if natural is None:
                raise _NoOrderError
            return natural
        outcome = precedes.call(run, [left, right])
        if type(outcome) is not bool:
            raise _NoOrderError
        return -1 if outcome else 1

    try:
        return sorted(items, key=cmp_to_key(order))
    except _NoOrderError:
        return run.null(wrong_arguments("sort"))


class _NoOrderError(Exception):
    """Two elements cannot be ordered."""
