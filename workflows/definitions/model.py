"""A definition: a BPMN process with its RUN metadata, as plain immutable values.

Source: BPMN 2.0.2 (OMG formal/2013-12-09); the `run:` elements are declared once, in workflows/schema/run.json.
Texts are mappings from language ("en", "fr", "es") to text; a missing language is a missing key, never "".
Ids are those of the diagram. Order is the order of the file.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal

LANGUAGES = ("en", "fr", "es")
Text = Mapping[str, str]

NodeKind = Literal[
    "startEvent", "endEvent", "intermediateCatchEvent", "intermediateThrowEvent", "boundaryEvent",
    "task", "userTask", "manualTask", "serviceTask", "scriptTask", "sendTask", "receiveTask", "businessRuleTask",
    "subProcess", "transaction", "adHocSubProcess", "callActivity",
    "exclusiveGateway", "inclusiveGateway", "parallelGateway", "eventBasedGateway", "complexGateway",
]  # fmt: skip
EventKind = Literal[
    "none", "message", "timer", "signal", "error", "escalation", "conditional", "terminate", "cancel",
    "compensate", "link", "multiple",
]  # fmt: skip
EvidenceKind = Literal[
    "photo", "document", "gps_point", "gps_track", "gps_area", "signature", "form", "audio"
]
Procurement = Literal["local", "regional", "imported"]
Charge = Literal["execution", "acceptance", "once", "instance"]
"""When a line is charged: every execution; per accepted delivery; if the task is reached at all; always."""
Rework = Literal["none", "expenses", "full"]
"""What a repetition caused by a rejected delivery pays again."""
FormRole = Literal["request", "response", "evaluation"]
VerificationPolicy = Literal["automatic", "coordinator", "counter_visit"]


@dataclass(frozen=True, slots=True)
class Labelled:
    """An activity or a criterion: one sentence in each language, with an id."""

    id: str
    label: Text


@dataclass(frozen=True, slots=True)
class Evidence:
    """What proves a task. It arrives as an attachment of the task's response form.

    criteria: ids of the criteria it is a source of verification for.
    field: name of the question of the response form that holds it; "" = any attachment of that kind.
    """

    id: str
    kind: EvidenceKind
    label: Text
    min: int = 1
    max: int | None = None
    mandatory: bool = True
    criteria: tuple[str, ...] = ()
    field: str = ""


@dataclass(frozen=True, slots=True)
class Expense:
    """A thing bought to do a task.

    item: code in the price lists. quantity: FEEL over the service's parameters. unit: UNECE Rec 20 code.
    payer: code of the party that pays: "fund" or a third party ("village", "commune", "partner").
    procurement: where it is bought; reason: why, mandatory when imported.
    """

    id: str
    item: str
    quantity: str
    unit: str
    label: Text
    payer: str = "fund"
    in_kind: bool = False
    """Given, not paid: costs nobody money, is shown in the price (hall of the village, labour)."""
    procurement: Procurement = "local"
    reason: Text = field(default_factory=dict)
    charge: Charge = "execution"


@dataclass(frozen=True, slots=True)
class Honorarium:
    """The work itself: `quantity` (FEEL) units (usually DAY) of the price list's `item`."""

    item: str
    quantity: str
    unit: str = "DAY"
    charge: Charge = "execution"


@dataclass(frozen=True, slots=True)
class FormRef:
    """Use of a form: its role, the reference within the service, and its version."""

    role: FormRole
    ref: str
    version: str


@dataclass(frozen=True, slots=True)
class Verification:
    """How a delivery is checked.

    gate: the work waits for the acceptance. second_check: share (0..1) of deliveries drawn for a counter-visit.
    rework: what a repetition pays; max_rework: unpaid repetitions before a person must look.
    """

    policy: VerificationPolicy = "coordinator"
    gate: bool = False
    second_check: Decimal = Decimal(0)
    rework: Rework = "none"
    max_rework: int = 3


@dataclass(frozen=True, slots=True)
class Estimate:
    """What the expert expects; replaced by what reality taught.

    probability: of taking a sequence flow, or of a boundary event (0..1).
    repetitions: of a loop or multi-instance. rework: share (0..1) of deliveries sent back.
    duration_days: min, typical and max working days of an execution.
    max_rounds: how often a sequence flow that goes back is taken at most in one run of its process or sub-process.
    """

    probability: Decimal | None = None
    repetitions: Decimal | None = None
    rework: Decimal | None = None
    duration_days: tuple[Decimal, Decimal, Decimal] | None = None
    max_rounds: int | None = None


@dataclass(frozen=True, slots=True)
class TaskCard:
    """What an expert writes about a task (steps 4 to 6 of defining a service)."""

    skill: str = ""
    title: Text = field(default_factory=dict)
    outcome: Text = field(default_factory=dict)
    instructions: Text = field(default_factory=dict)
    """Markdown."""
    activities: tuple[Labelled, ...] = ()
    criteria: tuple[Labelled, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    expenses: tuple[Expense, ...] = ()
    honorarium: Honorarium | None = None
    forms: tuple[FormRef, ...] = ()
    verification: Verification = field(default_factory=Verification)
    deadline_days: int | None = None
    """Working days from ready to delivered."""


@dataclass(frozen=True, slots=True)
class Output:
    id: str
    unit: str
    quantity: str
    label: Text


@dataclass(frozen=True, slots=True)
class Parameter:
    """A number a project chooses ("households"), used by FEEL quantities and conditions."""

    id: str
    label: Text
    unit: str = ""
    default: Decimal | None = None
    minimum: Decimal | None = None
    maximum: Decimal | None = None


@dataclass(frozen=True, slots=True)
class ServiceCard:
    """What an expert writes about the service as a whole (steps 1 and 2)."""

    code: str = ""
    name: Text = field(default_factory=dict)
    justification: Text = field(default_factory=dict)
    purpose: Text = field(default_factory=dict)
    outputs: tuple[Output, ...] = ()
    parameters: tuple[Parameter, ...] = ()
    forms: tuple[FormRef, ...] = ()


@dataclass(frozen=True, slots=True)
class MultiInstance:
    """Multi-instance or standard loop. cardinality, completion: FEEL or ""; collection: data object or "".

    output, output_item: the list that collects the value of a name from each instance, in their order.
    test_before: a standard loop that asks its condition before the first round too.
    """

    sequential: bool
    cardinality: str = ""
    collection: str = ""
    item: str = ""
    completion: str = ""
    output: str = ""
    output_item: str = ""
    test_before: bool = False
    standard_loop: bool = False
    loop_maximum: int | None = None


@dataclass(frozen=True, slots=True)
class AdHoc:
    """How the activities of an ad hoc sub-process are done (BPMN 2.0.2, 10.3.5). completion: FEEL or ""."""

    sequential: bool = False
    completion: str = ""
    cancel_remaining: bool = True


@dataclass(frozen=True, slots=True)
class Node:
    """A flow node.

    parent: id of the sub-process it is in; None = directly in the process.
    task: the card of an activity; None when it has none. default: id of the default sequence flow.
    event: kind of the event definition for events; detail: timer text, message, signal or error name.
    attached_to, interrupting: for boundary events (and start events of event sub-processes).
    operation: name of the allow-listed operation of a service task. decision: id of the decision of a
    business-rule task. payload: FEEL context given to the operation, or sent with a message or signal.
    result: name that takes what the operation or decision gives. key: FEEL that tells which message is meant.
    data_objects: names declared directly in this sub-process: they live and end with it. names: what the file calls
    it, in the language of the service, and its translations; a person's task has its title instead.
    """

    id: str
    kind: NodeKind
    name: str = ""
    parent: str | None = None
    lane: str | None = None
    incoming: tuple[str, ...] = ()
    outgoing: tuple[str, ...] = ()
    default: str | None = None
    task: TaskCard | None = None
    estimate: Estimate | None = None
    multi_instance: MultiInstance | None = None
    event: EventKind = "none"
    detail: str = ""
    attached_to: str | None = None
    interrupting: bool = True
    triggered_by_event: bool = False
    called_element: str = ""
    script: str = ""
    operation: str = ""
    decision: str = ""
    payload: str = ""
    result: str = ""
    key: str = ""
    ad_hoc: AdHoc | None = None
    data_objects: tuple[str, ...] = ()
    names: Text = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Flow:
    """A sequence flow; condition is FEEL, "" = none. names: as of a node."""

    id: str
    source: str
    target: str
    name: str = ""
    condition: str = ""
    estimate: Estimate | None = None
    parent: str | None = None
    names: Text = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Definition:
    """One executable process of a BPMN file.

    xml: the normalised file, UTF-8 bytes; sha256 of these bytes identifies the definition.
    processes: the processes of the same file that call activities reach from here, by id; each has the same
    xml, and in its own `processes` what it reaches itself. data_objects: names declared in the process.
    """

    process_id: str
    name: str
    service: ServiceCard
    nodes: Mapping[str, Node]
    flows: Mapping[str, Flow]
    lanes: Mapping[str, str]
    """Lane id -> name."""
    xml: bytes
    schema: str = ""
    """Namespace of the `run:` metadata used, "" = none."""
    processes: Mapping[str, Definition] = field(default_factory=dict, compare=False, repr=False)
    """Follows from xml and process_id, so it is not compared: calls that branch would be compared many times."""
    data_objects: tuple[str, ...] = ()
    lane_names: Mapping[str, Text] = field(default_factory=dict)
    """Lane id -> its names by language; those without a name are left out."""

    def family(self) -> tuple[Definition, ...]:
        """The process and all it calls; itself first."""
        return (self, *self.processes.values())

    def node(self, node_id: str) -> Node:
        """The node of that id, of the process or of one that it calls. Raises KeyError."""
        for process in self.family():
            if node_id in process.nodes:
                return process.nodes[node_id]
        raise KeyError(node_id)

    def every_node(self) -> dict[str, Node]:
        """The nodes of the process and of all it calls, by id; ids are unique in a file."""
        found = dict(self.nodes)
        for called in self.processes.values():
            for id_, node in called.nodes.items():
                found.setdefault(id_, node)
        return found

    def own_names(self) -> dict[str, Text]:
        """What nodes, flows and lanes of this process are called by language, by id; not tasks that have a card.

        In file order of each kind; what has no name is left out.
        """
        nodes = {id_: node.names for id_, node in self.nodes.items() if node.task is None}
        flows = {id_: flow.names for id_, flow in self.flows.items()}
        return {id_: names for id_, names in (nodes | flows | dict(self.lane_names)).items() if names}

    def own_tasks(self) -> tuple[Node, ...]:
        """The activities of this process with a task card, in file order."""
        return tuple(n for n in self.nodes.values() if n.task is not None)

    def tasks(self) -> tuple[Node, ...]:
        """The activities with a task card, those of called processes too, in file order of each."""
        return tuple(node for process in self.family() for node in process.own_tasks())
