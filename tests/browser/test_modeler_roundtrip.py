"""What the modeler opens and saves again says the same: random metadata, lxml to bpmn-js and back to lxml.

The documents are generated from run.json, so a property that is declared is tested. Human text holds whatever
people write (accents, emoji, Arabic, letters of Fon, what looks like markup); attributes hold codes, and no tabs
or line breaks, which XML itself does not keep there.
"""

import random

import pytest
from lxml import etree

from server.drafts import service as drafts
from workflows.definitions import read
from workflows.schema.descriptor import Property, descriptor

pytestmark = pytest.mark.browser

BPMN = "http://www.omg.org/spec/BPMN/20100524/MODEL"
PIECES = [
    *"ab é€ñ\"'<>&;:{}[]\\/|#%=", " ", "  ", "\n", "\n\n", "\t", "]]>", "<!--", "&amp;", "\u00a0", "\u2028",
    "\U0001f30d", "ɛ̃", "ɖ", "مرحبا", "# ", "- ", "**",
]  # fmt: skip
ON = {
    "Service": ["process"],
    "Task": ["task_1", "task_2"],
    "Estimate": ["task_1", "task_2", "flow_2", "late"],
    "Label": ["task_2", "flow_2", "late", "service_1"],
    "Operation": ["service_1"],
    "Decision": ["rule_1"],
    "Message": ["send_1", "caught"],
}
SKELETON = """<?xml version="1.0" encoding="UTF-8"?>
<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL"
 xmlns:bpmndi="http://www.omg.org/spec/BPMN/20100524/DI" xmlns:dc="http://www.omg.org/spec/DD/20100524/DC"
 xmlns:di="http://www.omg.org/spec/DD/20100524/DI" xmlns:other="https://example.org/other"
 id="file" targetNamespace="https://example.org/service">
 <bpmn:message id="message" name="reply" />
 <bpmn:process id="process" name="A service" isExecutable="true">
  <bpmn:startEvent id="start"><bpmn:outgoing>flow_1</bpmn:outgoing></bpmn:startEvent>
  <bpmn:userTask id="task_1" name="One"><bpmn:incoming>flow_1</bpmn:incoming><bpmn:outgoing>flow_2</bpmn:outgoing>
  </bpmn:userTask>
  <bpmn:boundaryEvent id="late" attachedToRef="task_1"><bpmn:outgoing>flow_late</bpmn:outgoing>
   <bpmn:timerEventDefinition id="timer"><bpmn:timeDuration>P5D</bpmn:timeDuration></bpmn:timerEventDefinition>
  </bpmn:boundaryEvent>
  <bpmn:manualTask id="task_2"><bpmn:incoming>flow_2</bpmn:incoming><bpmn:incoming>flow_late</bpmn:incoming>
   <bpmn:outgoing>flow_3</bpmn:outgoing></bpmn:manualTask>
  <bpmn:serviceTask id="service_1"><bpmn:incoming>flow_3</bpmn:incoming><bpmn:outgoing>flow_4</bpmn:outgoing>
  </bpmn:serviceTask>
  <bpmn:businessRuleTask id="rule_1"><bpmn:incoming>flow_4</bpmn:incoming><bpmn:outgoing>flow_5</bpmn:outgoing>
  </bpmn:businessRuleTask>
  <bpmn:sendTask id="send_1" messageRef="message"><bpmn:incoming>flow_5</bpmn:incoming>
   <bpmn:outgoing>flow_6</bpmn:outgoing></bpmn:sendTask>
  <bpmn:intermediateCatchEvent id="caught"><bpmn:incoming>flow_6</bpmn:incoming><bpmn:outgoing>flow_7</bpmn:outgoing>
   <bpmn:messageEventDefinition id="awaited" messageRef="message" /></bpmn:intermediateCatchEvent>
  <bpmn:endEvent id="end"><bpmn:incoming>flow_7</bpmn:incoming></bpmn:endEvent>
  {flows}
 </bpmn:process>
 <bpmndi:BPMNDiagram id="diagram"><bpmndi:BPMNPlane id="plane" bpmnElement="process">{drawing}</bpmndi:BPMNPlane>
 </bpmndi:BPMNDiagram>
</bpmn:definitions>"""
WAYS = {
    "flow_1": ("start", "task_1"), "flow_2": ("task_1", "task_2"), "flow_late": ("late", "task_2"),
    "flow_3": ("task_2", "service_1"), "flow_4": ("service_1", "rule_1"), "flow_5": ("rule_1", "send_1"),
    "flow_6": ("send_1", "caught"), "flow_7": ("caught", "end"),
}  # fmt: skip
SHAPES = ["start", "task_1", "late", "task_2", "service_1", "rule_1", "send_1", "caught", "end"]


def skeleton() -> bytes:
    flows = "".join(
        f'<bpmn:sequenceFlow id="{flow}" sourceRef="{source}" targetRef="{target}" />'
        for flow, (source, target) in WAYS.items()
    )
    shapes = "".join(
        f'<bpmndi:BPMNShape id="{each}_di" bpmnElement="{each}">'
        f'<dc:Bounds x="{x * 150}" y="100" width="100" height="80" /></bpmndi:BPMNShape>'
        for x, each in enumerate(SHAPES)
    )
    edges = "".join(
        f'<bpmndi:BPMNEdge id="{flow}_di" bpmnElement="{flow}"><di:waypoint x="{SHAPES.index(source) * 150}" y="140" />'
        f'<di:waypoint x="{SHAPES.index(target) * 150}" y="140" /></bpmndi:BPMNEdge>'
        for flow, (source, target) in WAYS.items()
    )
    return SKELETON.format(flows=flows, drawing=shapes + edges).encode()


def words(chance: random.Random, most: int) -> str:
    return "".join(chance.choice(PIECES) for _ in range(chance.randrange(most)))


def code(chance: random.Random) -> str:
    return " ".join(words(chance, 9).split()).replace("\u2028", "")


def value(chance: random.Random, held: Property) -> str:
    """What an attribute of that type may hold."""
    if held.type in descriptor().enumerations:
        return chance.choice(descriptor().enumerations[held.type])
    if held.type == "Integer":
        return str(chance.randrange(-5, 99))
    return chance.choice(["true", "false"]) if held.type == "Boolean" else code(chance)


def grow(parent: etree._Element, tag: str, type_name: str, chance: random.Random) -> None:
    """An element of a type with about half of what it may hold."""
    known = descriptor()
    made = etree.SubElement(parent, f"{{{known.uri}}}{tag}")
    for held in known.types[type_name].values():
        if held.is_attribute:
            if held.name in ("lang", "kind", "role") or chance.random() < 0.6:
                made.set(held.name, value(chance, held))
        elif held.is_body:
            made.text = words(chance, 40)
        else:
            for _ in range(chance.randrange(3) if held.is_many else chance.randrange(2)):
                grow(made, held.tag, held.type, chance)


def document(seed: int) -> bytes:
    """A service whose elements say random things; some of what it says is another tool's."""
    chance = random.Random(seed)
    root = etree.fromstring(skeleton())
    tags = {type_name: tag for tag, type_name in descriptor().extensions.items()}
    for type_name, places in ON.items():
        for place in places:
            owner = next(each for each in root.iter() if each.get("id") == place)
            holder = owner.find(f"{{{BPMN}}}extensionElements")
            if holder is None:
                holder = etree.Element(f"{{{BPMN}}}extensionElements")
                owner.insert(0, holder)
                if chance.random() < 0.3:
                    foreign = etree.SubElement(
                        holder, "{https://example.org/other}thing", {"size": code(chance)}
                    )
                    etree.SubElement(foreign, "{https://example.org/other}part").text = "kept"
            grow(holder, tags[type_name], type_name, chance)
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8")


def said(xml: bytes) -> dict[str, object]:
    """Everything the elements say, as the product reads it, and what others say beside it."""
    root = etree.fromstring(xml)
    known = descriptor()
    found: dict[str, object] = {}
    for holder in root.iter(f"{{{BPMN}}}extensionElements"):
        owner = holder.getparent()
        assert owner is not None
        for each in holder:
            name = etree.QName(each)
            if name.namespace == known.uri:
                read_values, problems = known.read(each, known.extensions[name.localname], "")
                found[f"{owner.get('id')} {name.localname}"] = (read_values, [p.code for p in problems])
            else:
                found[f"{owner.get('id')} {name.localname}"] = [
                    (etree.QName(part).localname, dict(part.attrib), (part.text or "").strip())
                    for part in each.iter()
                ]
    return found


@pytest.fixture
def page(open_modeler_window):
    return open_modeler_window(drafts.FromVersion("village_meeting", "1.0.0", ""))


@pytest.mark.parametrize(
    "seeds",
    [pytest.param(range(12), id="twelve"), pytest.param(range(300), id="all", marks=pytest.mark.soak)],
)
def test_what_is_opened_and_saved_says_the_same(page, seeds):
    sources = [document(seed) for seed in seeds]
    rounds = page.evaluate(
        """async (sources) => {
             const answers = [];
             for (const source of sources) {
               const { warnings } = await modeler.importXML(source);
               const { xml } = await modeler.saveXML({ format: true });
               answers.push([xml, warnings.map(({ message }) => message)]);
             }
             return answers;
           }""",
        [source.decode() for source in sources],
    )
    for seed, source, (back, warnings) in zip(seeds, sources, rounds, strict=True):
        assert warnings == [], seed
        before, after = said(source), said(back.encode())
        assert {
            place: (before.get(place), after.get(place))
            for place in before | after
            if before.get(place) != after.get(place)
        } == {}, seed


def test_the_shipped_services_come_back_as_the_same_definition(page):
    from service_library import library

    for code_of_service, version in (("community_profile", "1.1.0"), ("village_meeting", "1.0.0")):
        source = library.load(code_of_service, version).bpmn
        back = page.evaluate(
            "async (source) => { await modeler.importXML(source); return (await modeler.saveXML({format: true})).xml }",
            source.decode(),
        ).encode()
        before, after = read.read(source), read.read(back)
        assert after.problems == before.problems
        assert after.definition is not None
        assert before.definition is not None
        for name in ("service", "nodes", "flows", "lanes", "data_objects"):
            assert getattr(after.definition, name) == getattr(before.definition, name), name
