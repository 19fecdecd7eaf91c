// What a model writes: Markdown with tables and code. HTML is shown as text, images from elsewhere are not fetched, and
// links open outside the window when somebody clicks them.
import { Children, isValidElement, type MouseEvent, memo, type ReactNode } from 'react';
import ReactMarkdown, { type Components } from 'react-markdown';
import remarkGfm from 'remark-gfm';
import { client } from '../../ipc/client';
import { chatWords as words } from '../../messages/chat';
import { attempt } from '../../state/actions';
import { CodeBlock } from './CodeBlock';
import classes from './Markdown.module.css';

const plugins = [remarkGfm];

export const Markdown = memo(function Markdown({ text }: { text: string }) {
  return (
    <div className={classes.markdown} data-selectable>
      <ReactMarkdown remarkPlugins={plugins} components={components}>
        {text}
      </ReactMarkdown>
    </div>
  );
});

const components: Components = {
  a: ({ href, children }) => <Link href={href}>{children}</Link>,
  img: ({ alt, src }) => (
    <span className={classes.image} title={typeof src === 'string' ? src : undefined}>
      {words.message.notLoaded(alt ?? '')}
    </span>
  ),
  pre: ({ children }) => {
    const { code, language } = codeOf(children);
    return <CodeBlock code={code} language={language} />;
  },
  table: ({ children }) => (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by the keyboard
    <div className={classes.table} tabIndex={0}>
      <table>{children}</table>
    </div>
  ),
  // The page has headings of its own; those of an answer are below them.
  h1: ({ children }) => <h3>{children}</h3>,
  h2: ({ children }) => <h4>{children}</h4>,
  h3: ({ children }) => <h5>{children}</h5>,
  h4: ({ children }) => <h6>{children}</h6>,
  h5: ({ children }) => <h6>{children}</h6>,
  h6: ({ children }) => <h6>{children}</h6>,
  input: ({ checked }) => (
    <input type="checkbox" checked={checked === true} readOnly disabled aria-label={checked ? '☑' : '☐'} />
  ),
};

function Link({ href, children }: { href?: string; children?: ReactNode }) {
  if (!href || !/^https?:\/\//i.test(href)) return <span>{children}</span>;
  const open = (event: MouseEvent) => {
    event.preventDefault();
    if (event.button < 2) void attempt(words.doing.link, () => client.openLink(href));
  };
  return (
    <a href={href} title={href} onClick={open} onAuxClick={open} draggable={false}>
      {children}
    </a>
  );
}

/** The text of `<pre><code class="language-x">`. */
function codeOf(children: ReactNode): { code: string; language: string } {
  const [element] = Children.toArray(children);
  if (!isValidElement<{ className?: string; children?: ReactNode }>(element))
    return { code: '', language: '' };
  const { className, children: inner } = element.props;
  const code = Children.toArray(inner).join('').replace(/\n$/, '');
  return { code, language: /language-([\w+#-]+)/.exec(className ?? '')?.[1]?.toLowerCase() ?? '' };
}
