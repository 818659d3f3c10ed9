"""DMN XML to declarations: every mistake with its element, never a traceback.

Source: the XML schemas of DMN 1.1 to 1.5, which differ in their namespace and in what later ones add.
Elements of other namespaces (vendor extensions, diagrams) are passed over.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final, Literal, TypeAlias, cast

from lxml import etree

from workflows import xml
from workflows.decisions import problems
from workflows.decisions.declarations import (
    Aggregation,
    Boxed,
    BoxedContext,
    BoxedFilter,
    BoxedList,
    BoxedLoop,
    Conditional,
    DecisionElement,
    DecisionService,
    DecisionTable,
    Declarations,
    Element,
    Entry,
    FunctionDefinition,
    HitPolicy,
    Import,
    InputClause,
    InputData,
    Invocation,
    ItemDefinition,
    KnowledgeModel,
    LiteralExpression,
    OutputClause,
    Reference,
    Relation,
    Rule,
    Variable,
)
from workflows.problems import Problem

NAMESPACES: Final = {
    "www.omg.org/spec/DMN/20151101/dmn.xsd": "1.1",
    "www.omg.org/spec/DMN/20151101": "1.1",
    "www.omg.org/spec/DMN/20180521/MODEL": "1.2",
    "www.omg.org/spec/DMN/20191111/MODEL": "1.3",
    "www.omg.org/spec/DMN/20211108/MODEL": "1.4",
    "www.omg.org/spec/DMN/20230324/MODEL": "1.5",
}
"""Without http(s):// and a last slash, which tools write in either way."""
_FAMILY: Final = "www.omg.org/spec/DMN/"
LIMITS: Final = xml.Limits(size=5_000_000, elements=100_000)
_HIT_POLICIES: Final[dict[str, HitPolicy]] = {
    "UNIQUE": "U",
    "ANY": "A",
    "PRIORITY": "P",
    "FIRST": "F",
    "RULE ORDER": "R",
    "OUTPUT ORDER": "O",
    "COLLECT": "C",
}
_AGGREGATIONS: Final[dict[str, Aggregation]] = {"": "", "SUM": "+", "MIN": "<", "MAX": ">", "COUNT": "#"}
_Node: TypeAlias = etree._Element  # noqa: SLF001 (the type has no public name)


def version_of(root: _Node) -> str:
    """The version of DMN of a root element, "" when it is no decision model."""
    name = etree.QName(root)
    return NAMESPACES.get(_address(root), "") if name.localname == "definitions" else ""


def _address(root: _Node) -> str:
    namespace = etree.QName(root).namespace or ""
    return namespace.removeprefix("https://").removeprefix("http://").rstrip("/")


def read_declarations(data: bytes, limits: xml.Limits) -> tuple[Declarations | None, list[Problem]]:
    """What the file declares, and what is wrong with it; None when it is no DMN at all."""
    try:
        root = xml.parse(xml.as_utf8(data, limits=limits), limits=limits)
    except xml.XmlRefused as refused:
        return None, list(refused.problems)
    if not version_of(root):
        if _address(root).startswith(_FAMILY):
            return None, [problems.other_version(str(etree.QName(root).namespace)[:120])]
        return None, [problems.not_dmn(root.tag[:120])]
    reader = _Reader(root)
    return reader.declarations(), reader.problems


class _Reader:
    def __init__(self, root: _Node) -> None:
        self._root = root
        self._dmn = f"{{{etree.QName(root).namespace}}}"
        self._namespace = root.get("namespace") or ""
        self.problems: list[Problem] = []

    def declarations(self) -> Declarations:
        root = self._root
        elements: dict[str, Element] = {}
        names: set[str] = set()
        for node in root:
            make = _ELEMENTS.get(self._kind(node))
            if make is None:
                continue
            element = make(self, node)
            if element.id in elements or element.name in names:
                self.problems.append(problems.duplicate(element.id, element.name))
                continue
            names.add(element.name)
            elements[element.id] = element
        return Declarations(
            id=root.get("id") or "",
            name=root.get("name") or "",
            namespace=self._namespace,
            version=version_of(root),
            types=tuple(self._item(node) for node in self._all(root, "itemDefinition")),
            elements=elements,
            imports=tuple(
                Import(_name(node), node.get("namespace") or "") for node in self._all(root, "import")
            ),
        )

    # The tree

    def _kind(self, node: _Node) -> str:
        """The local name of an element of DMN, "" of any other."""
        tag = node.tag
        return tag[len(self._dmn) :] if tag.startswith(self._dmn) else ""

    def _all(self, node: _Node, *kinds: str) -> Iterator[_Node]:
        return (child for child in node if self._kind(child) in kinds)

    def _first(self, node: _Node, kind: str) -> _Node | None:
        return next(self._all(node, kind), None)

    def _text(self, node: _Node | None) -> str:
        """The text of the `text` child."""
        text = None if node is None else self._first(node, "text")
        return "" if text is None else (text.text or "").strip()

    def _variable(self, node: _Node) -> Variable:
        """The variable of a named element; the element's own name when it has none."""
        variable = self._first(node, "variable")
        if variable is None:
            return Variable(_name(node))
        return Variable(_name(variable) or _name(node), variable.get("typeRef") or "")

    def _references(self, node: _Node, *path: str) -> tuple[Reference, ...]:
        nodes: list[_Node] = [node]
        for kind in path:
            nodes = [child for parent in nodes for child in self._all(parent, kind)]
        return tuple(self._reference(child) for child in nodes)

    def _reference(self, node: _Node) -> Reference:
        namespace, mark, name = (node.get("href") or "").rpartition("#")
        return Reference("" if not mark or namespace == self._namespace else namespace, name)

    # Types

    def _item(self, node: _Node) -> ItemDefinition:
        kind = self._first(node, "typeRef")
        function = self._first(node, "functionItem")
        type_ref = node.get("typeRef") if kind is None else (kind.text or "").strip()
        return ItemDefinition(
            name=_name(node),
            place=node.get("id") or _name(node),
            type_ref=(type_ref if function is None else function.get("outputTypeRef")) or "",
            is_collection=node.get("isCollection") in ("true", "1"),
            allowed=self._text(self._first(node, "allowedValues")),
            constraint=self._text(self._first(node, "typeConstraint")),
            components=tuple(self._item(child) for child in self._all(node, "itemComponent")),
            is_function=function is not None,
        )

    # Elements of the requirements graph

    def input_data(self, node: _Node) -> InputData:
        variable = self._variable(node)
        return InputData(_id(node), variable.name, variable.type_ref)

    def decision(self, node: _Node) -> DecisionElement:
        variable = self._variable(node)
        needs = "informationRequirement"
        return DecisionElement(
            id=_id(node),
            name=variable.name,
            type_ref=variable.type_ref,
            logic=self._logic(node, _id(node)),
            inputs=self._references(node, needs, "requiredInput"),
            decisions=self._references(node, needs, "requiredDecision"),
            knowledge=self._references(node, "knowledgeRequirement", "requiredKnowledge"),
        )

    def knowledge_model(self, node: _Node) -> KnowledgeModel:
        variable = self._variable(node)
        logic = self._first(node, "encapsulatedLogic")
        return KnowledgeModel(
            id=_id(node),
            name=variable.name,
            type_ref=variable.type_ref,
            function=None if logic is None else self.function(logic, _id(node)),
            knowledge=self._references(node, "knowledgeRequirement", "requiredKnowledge"),
        )

    def service(self, node: _Node) -> DecisionService:
        variable = self._variable(node)
        return DecisionService(
            id=_id(node),
            name=variable.name,
            type_ref=variable.type_ref,
            outputs=self._references(node, "outputDecision"),
            encapsulated=self._references(node, "encapsulatedDecision"),
            input_decisions=self._references(node, "inputDecision"),
            input_data=self._references(node, "inputData"),
        )

    # Boxed expressions

    def _boxed(self, node: _Node, place: str) -> Boxed:
        return _EXPRESSIONS[self._kind(node)](self, node, node.get("id") or place)

    def _logic(self, parent: _Node, place: str) -> Boxed | None:
        """The first boxed expression within an element."""
        node = next(self._all(parent, *_EXPRESSIONS), None)
        return None if node is None else self._boxed(node, place)

    def _required(self, parent: _Node | None, place: str, part: str) -> Boxed:
        logic = None if parent is None else self._logic(parent, place)
        if logic is None:
            self.problems.append(problems.missing_part(place, part))
            return LiteralExpression(place, "", "null")
        return logic

    def literal(self, node: _Node, place: str) -> LiteralExpression:
        language = node.get("expressionLanguage") or self._root.get("expressionLanguage") or ""
        text = self._text(node)
        if self._first(node, "importedValues") is not None:
            self.problems.append(problems.unsupported(place, "importedValues"))
        return LiteralExpression(place, node.get("typeRef") or "", text, language)

    def context(self, node: _Node, place: str) -> BoxedContext:
        entries = []
        for child in self._all(node, "contextEntry"):
            variable = self._first(child, "variable")
            entries.append(
                Entry(
                    None if variable is None else Variable(_name(variable), variable.get("typeRef") or ""),
                    self._required(child, child.get("id") or place, "the value of an entry"),
                )
            )
        return BoxedContext(place, node.get("typeRef") or "", tuple(entries))

    def list(self, node: _Node, place: str) -> BoxedList:
        items = tuple(self._boxed(child, place) for child in self._all(node, *_EXPRESSIONS))
        return BoxedList(place, node.get("typeRef") or "", items)

    def relation(self, node: _Node, place: str) -> Relation:
        columns = tuple(
            Variable(_name(column), column.get("typeRef") or "") for column in self._all(node, "column")
        )
        rows = []
        for row in self._all(node, "row"):
            cells = tuple(self._boxed(cell, place) for cell in self._all(row, *_EXPRESSIONS))
            if len(cells) != len(columns):
                self.problems.append(problems.missing_part(row.get("id") or place, "a cell of a row"))
            else:
                rows.append(cells)
        return Relation(place, node.get("typeRef") or "", columns, tuple(rows))

    def invocation(self, node: _Node, place: str) -> Invocation:
        bindings = []
        for binding in self._all(node, "binding"):
            parameter = self._first(binding, "parameter")
            if parameter is None:
                self.problems.append(problems.missing_part(place, "the parameter of a binding"))
                continue
            variable = Variable(_name(parameter), parameter.get("typeRef") or "")
            value = self._logic(binding, place) or LiteralExpression(place, "", "null")
            bindings.append(Entry(variable, value))
        function = self._required(node, place, "the function that is invoked")
        return Invocation(place, node.get("typeRef") or "", function, tuple(bindings))

    def function(self, node: _Node, place: str) -> FunctionDefinition:
        return FunctionDefinition(
            place=node.get("id") or place,
            type_ref=node.get("typeRef") or "",
            parameters=tuple(
                Variable(_name(parameter), parameter.get("typeRef") or "")
                for parameter in self._all(node, "formalParameter")
            ),
            body=self._logic(node, place),
            kind=node.get("kind") or "FEEL",
        )

    def conditional(self, node: _Node, place: str) -> Conditional:
        parts = [
            self._required(self._first(node, kind), place, f"“{kind}”") for kind in ("if", "then", "else")
        ]
        return Conditional(place, node.get("typeRef") or "", *parts)

    def filter(self, node: _Node, place: str) -> BoxedFilter:
        parts = [self._required(self._first(node, kind), place, f"“{kind}”") for kind in ("in", "match")]
        return BoxedFilter(place, node.get("typeRef") or "", *parts)

    def loop(self, node: _Node, place: str) -> BoxedLoop:
        kind = cast(Literal["for", "some", "every"], self._kind(node))
        body = "return" if kind == "for" else "satisfies"
        return BoxedLoop(
            place=place,
            type_ref=node.get("typeRef") or "",
            kind=kind,
            variable=" ".join((node.get("iteratorVariable") or "").split()),
            source=self._required(self._first(node, "in"), place, "“in”"),
            body=self._required(self._first(node, body), place, f"“{body}”"),
        )

    # Decision tables

    def table(self, node: _Node, place: str) -> DecisionTable:
        policy = _HIT_POLICIES.get(node.get("hitPolicy") or "UNIQUE")
        aggregation = _AGGREGATIONS.get(node.get("aggregation") or "")
        if policy is None or aggregation is None:
            self._misshaped(place, "its hit policy is unknown")
        table = DecisionTable(
            place=place,
            type_ref=node.get("typeRef") or "",
            inputs=tuple(self._input(child, place) for child in self._all(node, "input")),
            outputs=tuple(self._output(child, place) for child in self._all(node, "output")),
            rules=tuple(
                self._rule(child, place, number)
                for number, child in enumerate(self._all(node, "rule"), start=1)
            ),
            hit_policy=policy or "U",
            aggregation=aggregation if aggregation and policy == "C" else "",
            label=node.get("outputLabel") or "",
        )
        self._check_table(table)
        return table

    def _input(self, node: _Node, place: str) -> InputClause:
        own = node.get("id") or place
        expression = self._first(node, "inputExpression")
        if expression is None:
            self.problems.append(problems.missing_part(own, "the expression of an input"))
            literal = LiteralExpression(own, "", "null")
        else:
            literal = self.literal(expression, own)
        values = self._text(self._first(node, "inputValues"))
        return InputClause(own, node.get("label") or literal.text, literal, values)

    def _output(self, node: _Node, place: str) -> OutputClause:
        own = node.get("id") or place
        default = self._first(node, "defaultOutputEntry")
        text = self._text(default)
        return OutputClause(
            place=own,
            label=node.get("label") or _name(node),
            name=_name(node),
            type_ref=node.get("typeRef") or "",
            values=self._text(self._first(node, "outputValues")),
            default=self.literal(default, own) if default is not None and text else None,
        )

    def _rule(self, node: _Node, place: str, number: int) -> Rule:
        own = node.get("id") or place
        return Rule(
            place=own,
            number=number,
            conditions=tuple(self.literal(child, own) for child in self._all(node, "inputEntry")),
            conclusions=tuple(self.literal(child, own) for child in self._all(node, "outputEntry")),
        )

    def _misshaped(self, place: str, what: str) -> None:
        self.problems.append(problems.table_shape(place, what))

    def _check_table(self, table: DecisionTable) -> None:
        names = [output.name for output in table.outputs]
        if not table.outputs:
            self._misshaped(table.place, "it has no output")
        if len(names) > 1 and (not all(names) or len(set(names)) < len(names)):
            self._misshaped(table.place, "each of several outputs needs a name of its own")
        if table.aggregation and len(names) > 1:
            self._misshaped(table.place, "several outputs cannot be aggregated")
        for rule in table.rules:
            if len(rule.conditions) != len(table.inputs) or len(rule.conclusions) != len(names):
                self._misshaped(
                    rule.place, f"rule {rule.number} has not one cell for each input and each output"
                )


def _name(node: _Node) -> str:
    return " ".join((node.get("name") or "").split())


def _id(node: _Node) -> str:
    """The id of an element, or its name: ids are optional in DMN."""
    return node.get("id") or _name(node)


_ELEMENTS: Final[dict[str, Callable[[_Reader, _Node], Element]]] = {
    "inputData": _Reader.input_data,
    "decision": _Reader.decision,
    "businessKnowledgeModel": _Reader.knowledge_model,
    "decisionService": _Reader.service,
}
_EXPRESSIONS: Final[dict[str, Callable[[_Reader, _Node, str], Boxed]]] = cast(
    dict[str, Callable[[_Reader, _Node, str], Boxed]],
    {
        "literalExpression": _Reader.literal,
        "decisionTable": _Reader.table,
        "context": _Reader.context,
        "list": _Reader.list,
        "relation": _Reader.relation,
        "invocation": _Reader.invocation,
        "functionDefinition": _Reader.function,
        "conditional": _Reader.conditional,
        "filter": _Reader.filter,
        "for": _Reader.loop,
        "some": _Reader.loop,
        "every": _Reader.loop,
    },
)
