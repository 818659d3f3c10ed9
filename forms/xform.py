"""The model of a form, read from an ODK XForm.

A `Form` is read once and used for thousands of submissions, also from several threads: it is not changed
after reading, and its expressions are compiled.

Source: ODK XForms specification (getodk.github.io/xforms-spec), sections "Model", "Bindings", "Body";
languages in XLSForm's notation "Français (fr)" are known by their code, "fr". Texts are mappings from that
code to text (DEFAULT_LANGUAGE in a form without translations); a missing translation is a missing key.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from lxml import etree

from forms.errors import InvalidForm, XPathError
from forms.tree import Node
from forms.xpath import (
    Call,
    Expression,
    Filter,
    Literal,
    Tree,
    compile_expression,
    compile_tree,
    kind_of,
    walk,
)
from workflows import xml
from workflows.problems import Problem

Text = Mapping[str, str]
NO_TEXT: Text = {}
DEFAULT_LANGUAGE = "default"
MAX_DEPTH = 30

LIMITS = xml.Limits(size=10_000_000, elements=200_000)
"""The form of a health survey with all its choice lists has 60,000 elements."""

_LANGUAGE_CODE = re.compile(r"\(\s*([A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8})*)\s*\)\s*$")
_ITEXT = re.compile(r"jr:itext\(\s*'([^']+)'\s*\)")
_ITEXT_COLUMN = re.compile(r"jr:itext\(\s*([\w.-]+)\s*\)")
_ALWAYS = ("true()", "1")
_NEVER = ("", "false()", "0")


@dataclass(frozen=True, slots=True)
class Bind:
    """The rules of one node. `required` and the others are None where there is no rule.

    type: of the data, without prefix: string, int, decimal, boolean, date, time, dateTime, geopoint,
    geotrace, geoshape, binary, barcode, intent, rank.
    preload: where the client takes the value from ("timestamp start").
    """

    path: str
    type: str = "string"
    required: Expression | None = None
    required_message: Text = field(default_factory=dict)
    readonly: Expression | None = None
    relevant: Expression | None = None
    constraint: Expression | None = None
    constraint_message: Text = field(default_factory=dict)
    calculate: Expression | None = None
    preload: str = ""


@dataclass(frozen=True, slots=True)
class Choice:
    """attributes: the other columns of the choice list, used by choice filters."""

    value: str
    label: Text
    attributes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Itemset:
    """The choices of a select that come from a list; predicates: the choice filter.

    items: by value, when the filter looks at each item alone (no position), else empty.
    """

    nodes: Expression
    value: str
    predicates: tuple[Expression, ...] = ()
    items: Mapping[str, tuple[Node, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Question:
    """What a person answers, or a form computes, and how to show it.

    type: XLSForm's name: text, integer, decimal, date, time, dateTime, select_one, select_multiple, rank,
    geopoint, geotrace, geoshape, image, audio, video, file, barcode, acknowledge, boolean, note, calculate,
    hidden, or the preloads start, end, today; a read-only text is a note, too. Texts may hold ${name} where
    the client shows an answer.
    key: name in `forms.data.values`. repeat: path of the innermost repeat, "" outside.
    choices: all of the list, without the filter. external: name of the file the choices come from, or "".
    """

    path: str
    name: str
    type: str
    label: Text = field(default_factory=dict)
    hint: Text = field(default_factory=dict)
    choices: tuple[Choice, ...] = ()
    itemset: Itemset | None = None
    external: str = ""
    appearance: str = ""
    key: str = ""
    repeat: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """A group or a repeat. count: of entries, where the form fixes it (jr:count)."""

    path: str
    label: Text = field(default_factory=dict)
    count: Expression | None = None
    repeats: bool = False


@dataclass(frozen=True, slots=True)
class Form:
    """A form as its checker and its reader need it; see the module.

    template: the primary instance with the defaults. instances: secondary instances by id.
    questions: by path, in the order a person meets them, then what is computed or preloaded.
    keys: path -> name in `forms.data.values`. initial: (path, expression) set when a submission is started.
    defaults: path -> text in the template, where there is one. preloads: preload -> path of the first node.
    """

    title: str
    form_id: str
    version: str
    root: str
    languages: tuple[str, ...]
    default_language: str
    binds: Mapping[str, Bind]
    groups: Mapping[str, Group]
    questions: Mapping[str, Question]
    template: Node
    instances: Mapping[str, Node]
    texts: Mapping[str, Text]
    keys: Mapping[str, str]
    initial: tuple[tuple[str, Expression], ...] = ()
    defaults: Mapping[str, str] = field(default_factory=dict)
    preloads: Mapping[str, str] = field(default_factory=dict)

    @property
    def repeats(self) -> Mapping[str, Group]:
        return {path: group for path, group in self.groups.items() if group.repeats}

    def is_repeat(self, path: str) -> bool:
        group = self.groups.get(path)
        return group is not None and group.repeats

    def choice_label(self, path: str, value: str) -> str:
        """The label of a choice in the default language, the value itself where there is none."""
        question = self.questions.get(path)
        for choice in question.choices if question else ():
            if choice.value == value:
                return choose(choice.label, self.default_language) or value
        return value

    def text(self, identifier: str) -> str:
        return choose(self.texts.get(identifier, NO_TEXT), self.default_language)


def choose(text: Text, *languages: str) -> str:
    """The text in the first of the languages it has, else in any, else ""."""
    for language in languages:
        if language in text:
            return text[language]
    return next(iter(text.values()), "")


def questions(form: Form) -> tuple[Question, ...]:
    """The questions in the order a person meets them, then what is computed or preloaded."""
    return tuple(form.questions.values())


def read(xform: bytes) -> Form:
    """Read an XForm; raises InvalidForm with all its mistakes (XmlRefused for what is no XML)."""
    return _Reader(xml.parse(xform, limits=LIMITS)).read()


def primary_instance(html: etree._Element) -> etree._Element | None:
    """The root element of what a client fills in: the first instance with content of its own."""
    head = _child(html, "head")
    model = _child(head, "model") if head is not None else None
    for instance in _children(model, "instance") if model is not None else ():
        if len(instance) and not instance.get("src"):
            return instance[0]
    return None


def local_name(element: etree._Element) -> str:
    """The element's name without its namespace."""
    return str(element.tag).rpartition("}")[2]


def _child(element: etree._Element, name: str) -> etree._Element | None:
    return next((child for child in element if local_name(child) == name), None)


def _children(element: etree._Element, name: str) -> list[etree._Element]:
    return [child for child in element if local_name(child) == name]


def _attributes(element: etree._Element) -> dict[str, str]:
    return {str(key).rpartition("}")[2]: str(value) for key, value in element.attrib.items()}


def _is_default(translation: etree._Element) -> bool:
    return translation.get("default", "false()") not in ("false()", "")


def language_code(name: str) -> str:
    """The code of a language: "fr" of XLSForm's "Français (fr)"; a name without code is itself."""
    match = _LANGUAGE_CODE.search(name)
    return match[1] if match else name.strip()


def _text_of(element: etree._Element) -> str:
    """The text of a label; an `output` becomes ${name}."""
    parts = [element.text or ""]
    for child in element:
        if local_name(child) == "output":
            reference = (child.get("value") or child.get("ref") or "").strip()
            parts.append("${" + reference.rpartition("/")[2] + "}")
        else:
            parts.append("".join(str(text) for text in child.itertext()))
        parts.append(child.tail or "")
    return " ".join("".join(parts).split()) if len(parts) > 1 else parts[0].strip()


_CONTROLS = ("input", "select", "select1", "upload", "trigger", "range", "rank", "secret")
_TYPE_OF_DATA = {
    "int": "integer", "decimal": "decimal", "date": "date", "time": "time", "dateTime": "dateTime",
    "geopoint": "geopoint", "geotrace": "geotrace", "geoshape": "geoshape", "barcode": "barcode",
    "boolean": "boolean",
}  # fmt: skip
_TYPE_OF_CONTROL = {
    "select1": "select_one",
    "select": "select_multiple",
    "rank": "rank",
    "trigger": "acknowledge",
}


class _Reader:
    """Reads one form, collecting its mistakes."""

    def __init__(self, root: etree._Element) -> None:
        self.html = root
        self.problems: list[Problem] = []
        self.texts: dict[str, dict[str, str]] = {}
        self.languages: list[str] = []
        self.default_language = DEFAULT_LANGUAGE
        self.binds: dict[str, Bind] = {}
        self.groups: dict[str, Group] = {}
        self.questions: dict[str, Question] = {}
        self.instances: dict[str, Node] = {}
        self.external: dict[str, str] = {}
        self.root = ""

    def refuse(self, message: str, code: str, **params: object) -> InvalidForm:
        return InvalidForm([*self.problems, Problem(code, message, severity="fatal", params=params)])

    def read(self) -> Form:
        head, body = _child(self.html, "head"), _child(self.html, "body")
        model = _child(head, "model") if head is not None else None
        if model is None or head is None or body is None:
            raise self.refuse("This is not an XForm: it has no model or no body.", "not-an-xform")
        title = _child(head, "title")
        self.read_texts(model)
        template = self.read_instances(model)
        self.root = f"/{template.name}"
        for element in _children(model, "bind"):
            self.read_bind(element)
        self.read_body(body, "")
        self.add_computed(template)
        initial = tuple(self.read_initial(model, body))
        form_id = template.attributes.get("id", "")
        if not form_id:
            self.problems.append(
                Problem("form-id-missing", "The form has no id; write form_id on the settings sheet.")
            )
        if any(problem.severity in ("fatal", "error") for problem in self.problems):
            raise InvalidForm(self.problems)
        keys = _keys(template, self.groups)
        return Form(
            title=_text_of(title) if title is not None else form_id,
            form_id=form_id,
            version=template.attributes.get("version", ""),
            root=template.name,
            languages=tuple(self.languages) or (DEFAULT_LANGUAGE,),
            default_language=self.default_language,
            binds=self.binds,
            groups=self.groups,
            questions={path: self.named(question, keys) for path, question in self.questions.items()},
            template=template,
            instances=self.instances,
            texts=self.texts,
            keys=keys,
            initial=initial,
            defaults={node.path: node.text for node in template.descendants() if node.text},
            preloads={bind.preload: path for path, bind in reversed(self.binds.items()) if bind.preload},
        )

    # -------------------------------------------------------- texts

    def read_texts(self, model: etree._Element) -> None:
        itext = _child(model, "itext")
        for translation in _children(itext, "translation") if itext is not None else ():
            language = language_code(translation.get("lang", DEFAULT_LANGUAGE))
            self.languages.append(language)
            if _is_default(translation) or self.default_language == DEFAULT_LANGUAGE:
                self.default_language = language
            for element in _children(translation, "text"):
                self.read_text(language, element)

    def read_text(self, language: str, element: etree._Element) -> None:
        for value in _children(element, "value"):
            text = _text_of(value)
            if value.get("form") is None and text not in ("", "-"):  # pyxform writes "-" for what is missing
                self.texts.setdefault(element.get("id", ""), {})[language] = text

    def text(self, reference: str, literal: str = "") -> Text:
        match = _ITEXT.fullmatch(reference.strip())
        if match:
            return self.texts.get(match[1], {})
        return {self.default_language: literal} if literal else {}

    def label(self, element: etree._Element, name: str = "label") -> Text:
        label = _child(element, name)
        return {} if label is None else self.text(label.get("ref", ""), _text_of(label))

    def message(self, attributes: Mapping[str, str], name: str) -> Text:
        value = attributes.get(name, "")
        return self.text(value, "" if _ITEXT.fullmatch(value.strip()) else value)

    # -------------------------------------------------------- instances

    def read_instances(self, model: etree._Element) -> Node:
        primary = primary_instance(self.html)
        for instance in _children(model, "instance"):
            identifier = instance.get("id")
            if primary is not None and primary.getparent() is instance:
                continue
            if identifier and instance.get("src"):
                self.external[identifier] = instance.get("src", "")
            elif identifier:
                above = Node("")
                for child in instance:
                    _copy(child, above)
                self.instances[identifier] = above
        if primary is None:
            raise self.refuse("The form has no primary instance: it asks nothing.", "not-an-xform")
        if any(depth > MAX_DEPTH for depth in _depths(primary)):
            raise self.refuse(
                "Groups are nested more than %(most)s deep; flatten the form.",
                "form-too-deep",
                most=MAX_DEPTH,
            )
        document = Node("")
        return _copy(primary, document, once=True)

    # -------------------------------------------------------- binds

    def expression(self, source: str | None, path: str, column: str) -> Expression | None:
        if source is None or not source.strip():
            return None
        try:
            return compile_expression(source)
        except XPathError as error:
            self.problems.append(
                Problem(
                    "expression-invalid",
                    "The %(column)s of %(name)s cannot be used: %(reason)s. "
                    "Correct the expression %(expression)s.",
                    place=path,
                    params={
                        "column": column,
                        "name": path.rpartition("/")[2],
                        "reason": error.params["reason"],
                        "expression": source.strip()[:200],
                    },
                )
            )
            return None

    def rule(self, attributes: Mapping[str, str], path: str, name: str) -> Expression | None:
        source = attributes.get(name, "").strip()
        if source in _NEVER and name in ("required", "readonly"):
            return None
        if source in _ALWAYS and name in ("relevant", "constraint"):
            return None
        return self.expression(source, path, name)

    def read_bind(self, element: etree._Element) -> None:
        attributes = _attributes(element)
        path = self.absolute(attributes.get("nodeset", ""))
        if "/@" in path:  # the attributes of an entity: written by the client, read by nobody here
            return
        preload = f"{attributes.get('preload', '')} {attributes.get('preloadParams', '')}".strip()
        self.binds[path] = Bind(
            path=path,
            type=attributes.get("type", "string").rpartition(":")[2].replace("integer", "int"),
            required=self.rule(attributes, path, "required"),
            required_message=self.message(attributes, "requiredMsg"),
            readonly=self.rule(attributes, path, "readonly"),
            relevant=self.rule(attributes, path, "relevant"),
            constraint=self.rule(attributes, path, "constraint"),
            constraint_message=self.message(attributes, "constraintMsg"),
            calculate=self.rule(attributes, path, "calculate"),
            preload=preload,
        )

    def absolute(self, reference: str) -> str:
        """The path of a nodeset or ref: without blanks, prefixes or a relative start."""
        path = "/".join(part.strip().rpartition(":")[2] for part in reference.strip().split("/"))
        return path if path.startswith("/") else f"{self.root}/{path}"

    # -------------------------------------------------------- body

    def read_body(self, element: etree._Element, repeat: str) -> None:
        for child in element:
            name = local_name(child)
            if name == "group":
                self.read_group(child, repeat)
            elif name == "repeat":
                self.read_repeat(child, element)
            elif name in _CONTROLS and child.get("ref"):
                self.read_question(name, child, repeat)

    def read_group(self, element: etree._Element, repeat: str) -> None:
        reference = element.get("ref")
        if reference:
            path = self.absolute(reference)
            self.groups.setdefault(path, Group(path, self.label(element)))
        self.read_body(element, repeat)

    def read_repeat(self, element: etree._Element, group: etree._Element) -> None:
        path = self.absolute(element.get("nodeset", ""))
        count = self.expression(_attributes(element).get("count"), path, "repeat_count")
        self.groups[path] = Group(path, self.label(group), count, repeats=True)
        self.read_body(element, path)

    def read_question(self, control: str, element: etree._Element, repeat: str) -> None:
        path = self.absolute(element.get("ref", ""))
        choices, itemset, external = self.read_choices(element, path)
        appearance = element.get("appearance", "")
        self.questions[path] = Question(
            path=path,
            name=path.rpartition("/")[2],
            type=self.question_type(control, element, path),
            label=self.label(element),
            hint=self.label(element, "hint"),
            choices=choices,
            itemset=itemset,
            external=external,
            appearance=appearance,
            repeat=repeat,
        )

    def question_type(self, control: str, element: etree._Element, path: str) -> str:
        if control in _TYPE_OF_CONTROL:
            return _TYPE_OF_CONTROL[control]
        bind = self.binds.get(path, Bind(path))
        if control == "upload":
            kind = element.get("mediatype", "").partition("/")[0]
            return kind if kind in ("image", "audio", "video") else "file"
        if bind.type == "string" and bind.readonly is not None and bind.readonly.source in _ALWAYS:
            return "note" if bind.calculate is None else "calculate"
        return _TYPE_OF_DATA.get(bind.type, "text")

    def read_choices(
        self, element: etree._Element, path: str
    ) -> tuple[tuple[Choice, ...], Itemset | None, str]:
        itemset = _child(element, "itemset")
        if itemset is None:
            items = _children(element, "item")
            return tuple(self.inline_choice(item) for item in items), None, ""
        nodes = self.expression(itemset.get("nodeset"), path, "choices")
        value, label = _child(itemset, "value"), _child(itemset, "label")
        if nodes is None or value is None:
            return (), None, ""
        name = _list_name(nodes.tree)
        value_column = value.get("ref", "name").rpartition("/")[2]
        if name not in self.instances:
            return (), Itemset(nodes, value_column), self.external.get(name, "")
        label_reference = label.get("ref", "") if label is not None else ""
        items_found = [node for node in self.instances[name].descendants() if node.name == "item"]
        choices = tuple(self.listed_choice(item, value_column, label_reference) for item in items_found)
        return choices, _indexed(Itemset(nodes, value_column), items_found), ""

    def inline_choice(self, item: etree._Element) -> Choice:
        value = _child(item, "value")
        return Choice(_text_of(value) if value is not None else "", self.label(item))

    def listed_choice(self, item: Node, value_column: str, label_reference: str) -> Choice:
        columns = {child.name: child.text for child in item.children}
        match = _ITEXT_COLUMN.fullmatch(label_reference.strip())
        if match:
            label: Text = self.texts.get(columns.get(match[1], ""), {})
        else:
            text = columns.get(label_reference.strip(), "")
            label = {self.default_language: text} if text else {}
        hidden = (value_column, label_reference, match[1] if match else "")
        attributes = {name: text for name, text in columns.items() if name not in hidden}
        return Choice(columns.get(value_column, ""), label, attributes)

    # -------------------------------------------------------- the rest

    def add_computed(self, template: Node) -> None:
        """Nodes without a place on the screen: computed, preloaded or hidden."""
        for node in template.descendants():
            if (
                node.children
                or node.path in self.questions
                or "/meta" in node.path
                or node.path in self.groups
            ):
                continue
            bind = self.binds.get(node.path)
            kind = "hidden"
            if bind is not None and bind.calculate is not None:
                kind = "calculate"
            elif bind is not None and bind.preload in ("timestamp start", "timestamp end", "date today"):
                kind = bind.preload.rpartition(" ")[2]
            repeat = next((a.path for a in reversed(node.chain()[:-1]) if a.path in self.groups
                           and self.groups[a.path].repeats), "")  # fmt: skip
            self.questions[node.path] = Question(node.path, node.name, kind, repeat=repeat)

    def read_initial(self, *places: etree._Element) -> Iterator[tuple[str, Expression]]:
        """Dynamic defaults: setvalue on odk-instance-first-load."""
        for place in places:
            for element in place.iter():
                if local_name(element) == "setvalue" and "first-load" in element.get("event", ""):
                    path = self.absolute(element.get("ref", ""))
                    expression = self.expression(element.get("value"), path, "default")
                    if expression is not None:
                        yield path, expression

    def named(self, question: Question, keys: Mapping[str, str]) -> Question:
        return replace(question, key=keys.get(question.path, question.name))


def _depths(element: etree._Element) -> Iterator[int]:
    waiting = [(element, 1)]
    while waiting:
        current, depth = waiting.pop()
        yield depth
        waiting += [(child, depth + 1) for child in current]


def _copy(element: etree._Element, parent: Node, *, once: bool = False) -> Node:
    """Copy an element below a node; `once`: keep only the first of several children of a name.

    In a primary instance pyxform writes a repeat twice, as the template and as the first entry.
    """
    text = element.text or ""
    if len(element) == 0:
        node = Node(local_name(element), parent, text.strip(), _attributes(element))
    else:
        node = Node(local_name(element), parent, "", _attributes(element))
    seen: set[str] = set()
    for child in element:
        name = local_name(child)
        if not (once and name in seen):
            _copy(child, node, once=once)
        seen.add(name)
    return node


def _list_name(tree: Tree) -> str:
    """The id of the secondary instance an itemset is taken from, or ""."""
    for part in walk(tree):
        if isinstance(part, Call) and part.name == "instance" and len(part.arguments) == 1:
            argument = part.arguments[0]
            return argument.value if isinstance(argument, Literal) else ""
    return ""


def _indexed(itemset: Itemset, items: list[Node]) -> Itemset:
    """Index the items by value when the itemset is a plain instance('x')/root/item[filter]."""
    tree = itemset.nodes.tree
    plain = (
        isinstance(tree, Filter)
        and not tree.predicates
        and isinstance(tree.primary, Call)
        and tree.primary.name == "instance"
        and [(step.axis, step.test) for step in tree.steps] == [("child", "root"), ("child", "item")]
        and not tree.steps[0].predicates
    )
    if not plain or not isinstance(tree, Filter):
        return itemset
    predicates = tree.steps[1].predicates
    if any(_depends_on_position(predicate) for predicate in predicates):
        return itemset
    index: dict[str, list[Node]] = {}
    for item in items:
        column = item.child(itemset.value)
        if column is not None:
            index.setdefault(column.text, []).append(item)
    compiled = tuple(compile_tree(predicate, itemset.nodes.source) for predicate in predicates)
    return Itemset(
        itemset.nodes, itemset.value, compiled, {value: tuple(found) for value, found in index.items()}
    )


def _depends_on_position(tree: Tree) -> bool:
    if kind_of(tree) == "number":
        return True
    return any(isinstance(part, Call) and part.name in ("position", "last") for part in walk(tree))


def _keys(template: Node, groups: Mapping[str, Group]) -> dict[str, str]:
    """Names for answers: flat within the form and within each repeat, made from letters, digits and "_".

    The name of the question; where two of one level share it, the groups' names before it.
    """
    keys: dict[str, str] = {}
    for level in _levels(template, groups):
        names = [_key(node.name) for _, node in level]
        taken: set[str] = set()
        for (start, node), name in zip(level, names, strict=True):
            key = name
            if names.count(name) > 1:
                key = _key("_".join(node.path[len(start) + 1 :].split("/")))
            candidate, number = key, 2
            while candidate in taken:
                candidate, number = f"{key}_{number}", number + 1
            taken.add(candidate)
            keys[node.path] = candidate
    return keys


def _key(name: str) -> str:
    return re.sub(r"\W", "_", name)


def _levels(node: Node, groups: Mapping[str, Group]) -> Iterator[list[tuple[str, Node]]]:
    """For the form and for each repeat: its answers and inner repeats, each with the path of the level."""
    level: list[tuple[str, Node]] = []
    inner: list[Node] = []
    waiting = list(node.children)
    while waiting:
        child = waiting.pop(0)
        group = groups.get(child.path)
        if group is not None and group.repeats:
            inner.append(child)
            level.append((node.path, child))
        elif child.children:
            if child.name != "meta":
                waiting = child.children + waiting
        elif group is None:
            level.append((node.path, child))
    yield level
    for repeat in inner:
        yield from _levels(repeat, groups)
