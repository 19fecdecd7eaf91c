import { SegmentedControl, Text } from '@mantine/core';
import { Rows, Section } from '../../components/Section';
import type { Theme } from '../../ipc/bindings';
import { m } from '../../messages';
import { chooseTheme, THEMES } from '../../state/theme';
import classes from './Settings.module.css';

export function AppearanceSection({ theme }: { theme: Theme }) {
  return (
    <Section title={m.settings.appearance}>
      <Rows>
        <div className={classes.setting}>
          <Text span id="settings-theme">
            {m.settings.theme}
          </Text>
          <div>
            <SegmentedControl
              aria-labelledby="settings-theme"
              value={theme}
              onChange={value => void chooseTheme(value)}
              data={THEMES.map(value => ({ value, label: m.settings.themes[value] }))}
            />
          </div>
        </div>
      </Rows>
    </Section>
  );
}
