// A block of code: its language, a button to copy it, and colours once they are there.
import { memo, type ReactNode, useEffect, useState } from 'react';
import { CopyButton } from '../../components/CopyButton';
import { chatWords } from '../../messages/chat';
import classes from './Markdown.module.css';

/** Longer code is shown without colours. */
const LONGEST_COLOURED = 20_000;

type Highlight = typeof import('./highlight').highlight;
let loaded: Highlight | null = null;

export const CodeBlock = memo(function CodeBlock({ code, language }: { code: string; language: string }) {
  const highlight = useHighlight(language !== '' && code.length <= LONGEST_COLOURED);
  const coloured: ReactNode = highlight ? highlight(code, language) : code;
  return (
    <div className={classes.code}>
      <div className={classes.codeHead}>
        <span>{language}</span>
        <CopyButton text={code} what={chatWords.message.copyCode} />
      </div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by the keyboard */}
      <pre tabIndex={0}>
        <code>{coloured}</code>
      </pre>
    </div>
  );
});

function useHighlight(wanted: boolean): Highlight | null {
  const [highlight, setHighlight] = useState<Highlight | null>(() => loaded);
  useEffect(() => {
    if (!wanted || highlight) return;
    let here = true;
    void import('./highlight').then(module => {
      loaded = module.highlight;
      if (here) setHighlight(() => module.highlight);
    });
    return () => {
      here = false;
    };
  }, [wanted, highlight]);
  return wanted ? highlight : null;
}
