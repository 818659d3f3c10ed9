"""Documents of services and their versions."""

from __future__ import annotations

from server.http import documents as d
from workflows.definitions.model import LANGUAGES


class VersionLine(d.Document):
    """A version in a list."""

    version = d.plain("Three numbers with dots.", required=True)
    status = d.plain("published, deprecated or recalled.", required=True)
    digest = d.plain("SHA-256 over the diagram and all forms.", required=True)
    published_at = d.moment("When it was published; it never changes since.", required=True)


class Service(d.Document):
    """A service and its versions, newest first."""

    code = d.plain("The service's code.", required=True)
    names = d.texts("Its name by language.")
    versions = d.many(VersionLine, "Its versions, newest first.", required=True)


class Labelled(d.Document):
    """A sentence by language."""

    id = d.plain("Its id in the diagram.", required=True)
    label = d.texts("The sentence.")


class Evidence(d.Document):
    """What proves that a task is done."""

    id = d.plain("Its id in the diagram.", required=True)
    kind = d.plain(
        "photo, document, gps_point, gps_track, gps_area, signature, form or audio.", required=True
    )
    label = d.texts("What it is.")
    mandatory = d.yes_no("Whether the task is incomplete without it.", required=True)
    minimum = d.number("How many at least.", required=True)
    field = d.plain("The question of the form that holds it; empty for any.", required=True)


class Expense(d.Document):
    """A thing bought or given to do a task."""

    id = d.plain("Its id in the diagram.", required=True)
    item = d.plain("Code in the price lists.", required=True)
    quantity = d.plain("How much, as a FEEL expression over the parameters.", required=True)
    unit = d.plain("UNECE Recommendation 20 code.", required=True)
    label = d.texts("What it is.")
    payer = d.plain("Who pays it: “fund” or a third party.", required=True)
    in_kind = d.yes_no("Given, not paid.", required=True)
    procurement = d.plain("local, regional or imported.", required=True)
    charge = d.plain("execution, acceptance, once or instance.", required=True)


class FormUse(d.Document):
    """Use of a form."""

    role = d.plain("request, response or evaluation.", required=True)
    ref = d.plain("The form's name in the service.", required=True)
    form_id = d.plain("Its id on phones.", required=True)
    version = d.plain("Its version.", required=True)


class TaskCard(d.Document):
    """A task's card."""

    id = d.plain("Its id in the diagram.", required=True)
    title = d.texts("Its title.")
    skill = d.plain("Who can do it.", required=True)
    outcome = d.texts("What is there when it is done.")
    instructions = d.texts("How to do it, in Markdown.")
    activities = d.many(Labelled, "The steps.", required=True)
    criteria = d.many(Labelled, "What is checked.", required=True)
    evidence = d.many(Evidence, "What proves it.", required=True)
    expenses = d.many(Expense, "What it needs.", required=True)
    honorarium_item = d.plain("Code of the work in the price lists.", required=True, allow_none=True)
    honorarium_quantity = d.plain("How much work, as FEEL.", required=True, allow_none=True)
    forms = d.many(FormUse, "Its forms.", required=True)
    verification = d.plain("automatic, coordinator or counter_visit.", required=True)
    gate = d.yes_no("Whether the work waits for the acceptance.", required=True)
    deadline_days = d.number("Working days from ready to delivered.", required=True, allow_none=True)


class Parameter(d.Document):
    """A number a project chooses."""

    id = d.plain("Its name in expressions.", required=True)
    label = d.texts("What it is.")
    unit = d.plain("Its unit.", required=True)
    default = d.MoneyText(
        required=True, allow_none=True, metadata={"description": "Taken when none is given."}
    )
    minimum = d.MoneyText(required=True, allow_none=True, metadata={"description": "The least."})
    maximum = d.MoneyText(required=True, allow_none=True, metadata={"description": "The most."})


class Form(d.Document):
    """A form of a version."""

    ref = d.plain("Its name in the service.", required=True)
    form_id = d.plain("Its id on phones.", required=True)
    version = d.plain("Its version.", required=True)
    md5 = d.plain("The hash OpenRosa names it by.", required=True)
    href = d.plain("Where the XForm is.", required=True)


class OutOfUse(d.Document):
    """Why a version goes out of use."""

    reason = d.text(1000, "People who work with the version read it.", required=True)
    command_id = d.identifier(
        "The client's id of this step: sent again, it changes nothing.", load_default=None
    )


class OutOfUseStep(d.Document):
    """A step out of use."""

    step = d.plain("deprecated or recalled.", required=True)
    reason = d.plain("Why.", required=True)
    done_at = d.moment("When.", required=True)


class LanguageQuery(d.Document):
    """In which language."""

    language = d.word(LANGUAGES, "en, fr or es.", load_default="en")


class ServiceVersion(d.Document):
    """A published version, complete."""

    id = d.plain("The version's id.", required=True)
    service = d.plain("The service's code.", required=True)
    version = d.plain("Three numbers with dots.", required=True)
    status = d.plain("published, deprecated or recalled.", required=True)
    digest = d.plain("SHA-256 over the diagram and all forms.", required=True)
    published_at = d.moment("When it was published.", required=True)
    names = d.texts("Its name.")
    justification = d.texts("Why the service is needed.")
    purpose = d.texts("What it is for.")
    parameters = d.many(Parameter, "The numbers a project chooses.", required=True)
    tasks = d.many(TaskCard, "The tasks' cards, in the order of the diagram.", required=True)
    forms = d.many(Form, "All forms.", required=True)
    bpmn = d.plain("Where the diagram is.", required=True)
    out_of_use = d.many(OutOfUseStep, "Why it was deprecated or recalled.", required=True)
