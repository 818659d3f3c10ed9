"""Context functions and is() (DMN 1.5, 10.3.4.9 and 10.3.4.7)."""

from __future__ import annotations

from workflows.feel.evaluation import Evaluation
from workflows.feel.functions.registry import builtin
from workflows.feel.nulls import duplicate_entry, no_entry, wrong_arguments
from workflows.feel.operators import identical
from workflows.feel.values import FeelValue

_Context = dict[str, FeelValue]


@builtin("not", "negand: boolean")
def _negation(_: Evaluation, negand: bool) -> FeelValue:
    return not negand


@builtin("is", "value1?: any?, value2?: any?")
def _is_identical(run: Evaluation, left: FeelValue = None, right: FeelValue = None) -> FeelValue:
    return identical(run, left, right)


@builtin("get value", "m: context, key: string")
def _get_value(run: Evaluation, context: _Context, key: str) -> FeelValue:
    return context[key] if key in context else run.null(no_entry(key, "context"))


@builtin("get value", "context: context, keys: list")
def _get_value_of_path(run: Evaluation, context: _Context, keys: list[FeelValue]) -> FeelValue:
    run.step(len(keys))
    value: FeelValue = context
    for key in keys:
        if not isinstance(key, str) or not isinstance(value, dict) or key not in value:
            return run.null(no_entry(str(key), "context"))
        value = value[key]
    return value


@builtin("get entries", "m: context")
def _get_entries(run: Evaluation, context: _Context) -> FeelValue:
    run.room_for(len(context))
    run.step(len(context))
    return [{"key": key, "value": value} for key, value in context.items()]


@builtin("context", "entries: list")
def _context_of(run: Evaluation, entries: list[FeelValue]) -> FeelValue:
    run.room_for(len(entries))
    run.step(len(entries))
    made: _Context = {}
    for entry in entries:
        if not isinstance(entry, dict) or "value" not in entry or not isinstance(entry.get("key"), str):
            return run.null(wrong_arguments("context"))
        if entry["key"] in made:
            return run.null(duplicate_entry(entry["key"]))
        made[entry["key"]] = entry["value"]
    return made


@builtin("context put", "context: context, key: string, value: any?")
def _context_put(run: Evaluation, context: _Context, key: str, value: FeelValue) -> FeelValue:
    run.room_for(len(context) + 1)
    return {**context, key: value}


@builtin("context put", "context: context, keys: list, value: any?")
def _context_put_nested(
    run: Evaluation, context: _Context, keys: list[FeelValue], value: FeelValue
) -> FeelValue:
    """Puts the value at a path of keys; contexts on the way that are missing are made."""
    if not keys or not all(isinstance(key, str) for key in keys):
        return run.null(wrong_arguments("context put"))
    run.step(len(keys))
    run.room_for(len(context))
    made = dict(context)
    inner = made
    for key in keys[:-1]:
        run.room_for(len(inner))
        following = inner.get(key, {})
        if not isinstance(following, dict):
            return run.null(wrong_arguments("context put"))
        inner[key] = inner = dict(following)
    inner[keys[-1]] = value
    return made


@builtin("context merge", "contexts: list")
def _context_merge(run: Evaluation, contexts: list[FeelValue]) -> FeelValue:
    """Later entries replace earlier ones."""
    run.step(len(contexts))
    merged: _Context = {}
    for context in contexts:
        if not isinstance(context, dict):
            return run.null(wrong_arguments("context merge"))
        run.room_for(len(context))
        merged.update(context)
        if len(merged) > run.limits.items:
            run.room_for(len(merged))
    return merged
