/** What every part of the panel knows: words, languages, vocabulary, and how values are changed. */
import { createContext, useContext } from 'diagram-js/lib/ui';

const PanelContext = createContext(null);

export const PanelProvider = PanelContext.Provider;
export const usePanel = () => useContext(PanelContext);
