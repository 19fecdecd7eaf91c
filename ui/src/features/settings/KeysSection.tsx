import { Rows, Section } from '../../components/Section';
import { m } from '../../messages';
import { TABS } from '../../state/window';
import { keyNames } from '../shell/use-shortcuts';
import classes from './Settings.module.css';

export function KeysSection() {
  const words = m.settings.keyList;
  const rows: [string, string[]][] = [
    [words.tabs, TABS.map((_, index) => keyNames(String(index + 1)))],
    [words.palette, [keyNames('K')]],
    [words.load, [keyNames('L')]],
    [words.search, [keyNames('F')]],
    [words.downloads, [keyNames('J')]],
    [words.newChat, [keyNames('N')]],
    [words.arrows, ['↑', '↓']],
    [words.escape, ['Esc']],
  ];
  return (
    <Section title={m.settings.keys}>
      <Rows>
        {rows.map(([label, names]) => (
          <div key={label} className={classes.keys}>
            <span>{label}</span>
            <span>
              {names.map(name => (
                <kbd key={name} style={{ marginLeft: 6 }}>
                  {name}
                </kbd>
              ))}
            </span>
          </div>
        ))}
      </Rows>
    </Section>
  );
}
