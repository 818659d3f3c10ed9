/** Typing: what is written stays in the field and becomes one change after a pause, on leaving, or when it is asked for. */
import { useEffect, useRef, useState } from 'diagram-js/lib/ui';

const PAUSE = 450;
const LEAVING = 150;
const open = new Set();

/** Make changes of everything that is still being typed: before saving, undoing or choosing another element. */
export function flushDrafts() {
  for (const flush of [...open]) flush();
}

export function useDraft(value, commit) {
  const [, redraw] = useState(0);
  const state = useRef({ draft: null, timer: 0 }).current;
  state.value = value;
  state.commit = commit;

  if (!state.flush) {
    state.flush = () => {
      clearTimeout(state.timer);
      open.delete(state.flush);
      const { draft } = state;
      state.draft = null;
      if (draft !== null && draft !== state.value) state.commit(draft);
    };
  }
  useEffect(() => state.flush, []);

  return {
    value: state.draft ?? value,
    onInput: (event) => {
      state.draft = event.target.value;
      open.add(state.flush);
      clearTimeout(state.timer);
      state.timer = setTimeout(state.flush, PAUSE);
      redraw((count) => count + 1);
    },
    onBlur: () => {
      // not at once: what was pressed would move away under the pointer before it is let go
      if (state.draft === null) return;
      clearTimeout(state.timer);
      state.timer = setTimeout(state.flush, LEAVING);
    },
    onKeyDown: (event) => {
      if (event.key === 'Enter' && event.target.tagName === 'INPUT') state.flush();
    }
  };
}
