/**
 * What each property of run.json is called, and where it is not what its kind says, how it is entered.
 *
 * hint: one sentence below the field. as: "area", "markdown", "feel", "item", "unit", "skill", "payer", "form",
 * "criteria", "operation", "decision", "days", "share". hidden: the modeler keeps it and shows no field.
 */
import { N_ } from '../words/translate.js';

export const LABELS = {
  'Text.lang': { hidden: true },
  'Text.value': { hidden: true },
  'RichText.format': { hidden: true },
  'Expression.body': { hidden: true },

  'Service.code': { label: N_('Code of the service'), hint: N_('Small letters, digits and _. It stays the same in all versions.') },
  'Service.language': { label: N_('Language it is written in first') },
  'Service.name': { label: N_('Name') },
  'Service.justification': { label: N_('Justification'), as: 'area', hint: N_('Why this service is needed.') },
  'Service.purpose': { label: N_('Purpose'), as: 'area', hint: N_('What it brings about.') },
  'Service.output': { label: N_('Outputs'), add: N_('Add an output') },
  'Service.parameter': { label: N_('Parameters'), add: N_('Add a parameter'), hint: N_('Numbers that differ from village to village; quantities are calculated from them.') },
  'Service.form': { label: N_('Forms'), add: N_('Add a form') },

  'Label.name': { label: N_('Name') },

  'Output.label': { label: N_('Output') },
  'Output.quantity': { label: N_('Quantity'), as: 'feel' },
  'Output.unit': { label: N_('Unit'), as: 'unit' },
  'Output.id': { label: N_('Id'), as: 'id' },

  'Parameter.label': { label: N_('Parameter') },
  'Parameter.id': { label: N_('Name in formulas'), as: 'id', hint: N_('Small letters, digits and _, for example distance_km.') },
  'Parameter.unit': { label: N_('Unit'), as: 'unit' },
  'Parameter.default': { label: N_('Usual value'), as: 'number' },
  'Parameter.minimum': { label: N_('At least'), as: 'number' },
  'Parameter.maximum': { label: N_('At most'), as: 'number' },

  'Task.title': { label: N_('Title') },
  'Task.outcome': { label: N_('Outcome'), as: 'area', hint: N_('What is true when the task is done.') },
  'Task.instructions': { label: N_('Instructions'), as: 'markdown' },
  'Task.activity': { label: N_('Activities'), add: N_('Add an activity') },
  'Task.criterion': { label: N_('Acceptance criteria'), add: N_('Add a criterion') },
  'Task.evidence': { label: N_('Evidence'), add: N_('Add evidence') },
  'Task.expense': { label: N_('Expenses'), add: N_('Add an expense') },
  'Task.honorarium': { label: N_('Honorarium') },
  'Task.form': { label: N_('Forms'), add: N_('Add a form') },
  'Task.skill': { label: N_('Skill'), as: 'skill' },
  'Task.deadlineDays': { label: N_('Days to do it'), hint: N_('Working days after the task can begin.') },
  'Task.verification': { label: N_('Verification') },

  'Item.id': { label: N_('Id'), as: 'id' },
  'Item.label': { label: N_('Sentence'), as: 'area' },

  'Evidence.kind': { label: N_('Kind') },
  'Evidence.label': { label: N_('What it shows') },
  'Evidence.min': { label: N_('At least') },
  'Evidence.max': { label: N_('At most') },
  'Evidence.mandatory': { label: N_('Mandatory') },
  'Evidence.criteria': { label: N_('Proves these criteria'), as: 'criteria' },
  'Evidence.field': { label: N_('Question of the form'), hint: N_('Name of the question that holds it; empty: any attachment of this kind.') },
  'Evidence.id': { label: N_('Id'), as: 'id' },

  'Expense.item': { label: N_('Item of the price list'), as: 'item' },
  'Expense.label': { label: N_('What it is for') },
  'Expense.quantity': { label: N_('Quantity'), as: 'feel' },
  'Expense.unit': { label: N_('Unit'), as: 'unit' },
  'Expense.payer': { label: N_('Paid by'), as: 'payer' },
  'Expense.inKind': { label: N_('Given, not paid'), hint: N_('It is shown in the price and costs no money.') },
  'Expense.procurement': { label: N_('Bought') },
  'Expense.reason': { label: N_('Why not locally'), as: 'area' },
  'Expense.charge': { label: N_('Charged') },
  'Expense.id': { label: N_('Id'), as: 'id' },

  'Honorarium.item': { label: N_('Item of the price list'), as: 'item' },
  'Honorarium.quantity': { label: N_('Quantity'), as: 'feel' },
  'Honorarium.unit': { label: N_('Unit'), as: 'unit' },
  'Honorarium.charge': { label: N_('Charged') },

  'Form.role': { label: N_('Used for') },
  'Form.ref': { label: N_('Form'), as: 'form' },
  'Form.version': { label: N_('Version') },

  'Verification.policy': { label: N_('Who verifies') },
  'Verification.gate': { label: N_('The work waits for the acceptance') },
  'Verification.secondCheck': { label: N_('Share drawn for a second visit'), as: 'share' },
  'Verification.rework': { label: N_('A repetition pays') },
  'Verification.maxRework': { label: N_('Repetitions before a person must look') },

  'Estimate.probability': { label: N_('Probability'), as: 'share', hint: N_('Between 0 and 1: 0.25 is one in four.') },
  'Estimate.repetitions': { label: N_('Repetitions expected'), as: 'number' },
  'Estimate.rework': { label: N_('Share of deliveries sent back'), as: 'share' },
  'Estimate.durationMin': { label: N_('Shortest (working days)'), as: 'number' },
  'Estimate.durationTypical': { label: N_('Usual (working days)'), as: 'number' },
  'Estimate.durationMax': { label: N_('Longest (working days)'), as: 'number' },
  'Estimate.maxRounds': { label: N_('Rounds at most'), hint: N_('How often this way back is taken at most.') },

  'Operation.ref': { label: N_('Operation'), as: 'operation' },
  'Operation.result': { label: N_('Name that takes the answer'), as: 'id' },
  'Operation.payload': { label: N_('What it is given'), as: 'feel', hint: N_('A FEEL context such as {village: village}.') },

  'Decision.ref': { label: N_('Decision'), as: 'decision' },
  'Decision.result': { label: N_('Name that takes the answer'), as: 'id' },

  'Message.key': { label: N_('Which one is meant'), as: 'feel', hint: N_('FEEL that gives the same value where it is sent and where it is awaited.') },
  'Message.payload': { label: N_('What is sent'), as: 'feel', hint: N_('A FEEL context such as {village: village}.') }
};

/** What the values of the enumerations are called. */
export const VALUES = {
  EvidenceKind: {
    photo: N_('Photo'), document: N_('Document'), gps_point: N_('GPS point'), gps_track: N_('GPS track'), gps_area: N_('GPS area'),
    signature: N_('Signature'), form: N_('Form'), audio: N_('Audio recording')
  },
  Procurement: { local: N_('in the village or commune'), regional: N_('in the region'), imported: N_('abroad (imported)') },
  Charge: {
    execution: N_('each time the task is done'), acceptance: N_('for each accepted delivery'), once: N_('once, if the task is reached'),
    instance: N_('once in any case')
  },
  Rework: { none: N_('nothing'), expenses: N_('the expenses'), full: N_('expenses and honorarium') },
  FormRole: { request: N_('the request'), response: N_('the delivery'), evaluation: N_('the evaluation') },
  VerificationPolicy: { automatic: N_('rules, automatically'), coordinator: N_('the coordinator'), counter_visit: N_('a counter-visit') }
};

export const PAYERS = [['fund', N_('Transformation Fund')], ['village', N_('Village')], ['commune', N_('Commune')], ['partner', N_('NGO partner')]];
