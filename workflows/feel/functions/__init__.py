"""The built-in functions of DMN 1.5, 10.3.4."""

from __future__ import annotations

from workflows.feel.functions import contexts, conversion, lists, numbers, ranges, strings, time
from workflows.feel.functions.registry import BUILTINS

__all__ = ["BUILTINS"]

# Importing the modules declares their functions.
_ = (contexts, conversion, lists, numbers, ranges, strings, time)
