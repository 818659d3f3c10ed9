"""The nodes an XForm expression walks over: an XML tree without namespaces, comments and mixed content.

ODK clients write the same node with and without a namespace (`meta`, `orx:meta`), so nodes have local names
only. Every node of a primary instance carries the path of its declaration ("/submission/household/age"), the
key to its bind; the position of a repeat entry is no part of that path.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

NO_ATTRIBUTES: Mapping[str, str] = {}


class Node:
    """An element, or (name "@...") an attribute.

    path: of the declaration. added: not in the submission, put there because the form declares it.
    """

    __slots__ = ("added", "attributes", "children", "name", "parent", "path", "relevant", "text")

    def __init__(
        self,
        name: str,
        parent: Node | None = None,
        text: str = "",
        attributes: Mapping[str, str] = NO_ATTRIBUTES,
        *,
        added: bool = False,
    ) -> None:
        self.name = name
        self.parent = parent
        self.children: list[Node] = []
        self.text = text
        self.attributes = attributes
        self.added = added
        self.relevant = True
        self.path: str = name if parent is None else f"{parent.path}/{name}"
        if parent is not None and not name.startswith("@"):
            parent.children.append(self)

    def string(self) -> str:
        """The XPath string value: the text of a leaf, the joined texts of a group."""
        if not self.children:
            return self.text
        return "".join(node.text for node in self.descendants())

    def descendants(self) -> Iterator[Node]:
        """All nodes below this one, in document order."""
        for child in self.children:
            yield child
            yield from child.descendants()

    def chain(self) -> list[Node]:
        """This node and its ancestors, outermost first."""
        chain = [self]
        node = self.parent
        while node is not None:
            chain.append(node)
            node = node.parent
        chain.reverse()
        return chain

    def named(self, name: str) -> list[Node]:
        return [child for child in self.children if child.name == name]

    def child(self, name: str) -> Node | None:
        return next((child for child in self.children if child.name == name), None)

    def position(self) -> int:
        """Place among the siblings of the same name, counted from 1."""
        if self.parent is None:
            return 1
        return self.parent.named(self.name).index(self) + 1
