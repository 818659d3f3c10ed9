"""An order in which each comes after what it needs (Kahn, 1962), in time linear in the needs."""

from __future__ import annotations

from collections.abc import Mapping, Set


def ordered(needs: Mapping[str, Set[str]]) -> tuple[list[str], list[str]]:
    """The names in such an order, and those in a circle or behind one.

    needs: what each name needs, all of them names again.
    """
    users: dict[str, list[str]] = {name: [] for name in needs}
    for name, needed in needs.items():
        for need in needed:
            users[need].append(name)
    left = {name: len(needed) for name, needed in needs.items()}
    order = [name for name, count in left.items() if count == 0]
    for name in order:  # grows while it is gone through
        for user in users[name]:
            left[user] -= 1
            if left[user] == 0:
                order.append(user)
    return order, [name for name, count in left.items() if count > 0]
