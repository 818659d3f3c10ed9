/** A formula in FEEL, checked by the server while it is written, with the value it has at the usual numbers. */
import { html, useEffect, useState } from 'diagram-js/lib/ui';
import { usePanel } from './context.js';
import { TextArea } from './inputs.js';

const PAUSE = 300;

/** What the server says of a formula: null while nothing is known. */
function useAnswer(text, kind) {
  const { feel, parameters } = usePanel();
  const [answer, setAnswer] = useState(null);
  const context = JSON.stringify(parameters);
  useEffect(() => {
    setAnswer(null);
    if (!text.trim() || !feel) return undefined;
    const leaving = new AbortController();
    const timer = setTimeout(async () => {
      const said = await feel(text, kind, JSON.parse(context), leaving.signal);
      if (!leaving.signal.aborted) setAnswer(said);
    }, PAUSE);
    return () => {
      clearTimeout(timer);
      leaving.abort();
    };
  }, [text, kind, context]);
  return answer;
}

export function FeelInput({ kind = 'quantity', value, unit, hint, ...rest }) {
  const { t } = usePanel();
  const text = value ?? '';
  const answer = useAnswer(text, kind);
  const error = answer && !answer.ok ? answer.message : undefined;
  let note;
  if (answer?.ok && answer.value !== null && answer.value !== undefined) {
    const shown = unit ? `${answer.value} ${unit}` : String(answer.value);
    note = kind === 'quantity' ? t('%(value)s at the usual values', { value: shown }) : t('Gives %(value)s at the usual values', { value: shown });
  } else if (answer?.ok) note = answer.message || t('This formula can be read.');
  return html`<${TextArea} ...${rest} value=${text} mono rows=${1} hint=${text ? undefined : hint} error=${error} note=${note} />`;
}
