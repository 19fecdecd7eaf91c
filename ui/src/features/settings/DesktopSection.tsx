// Tray, start and notifications: five switches, none of which moves another.
import { Switch } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Rows, Section } from '../../components/Section';
import { SettingRow } from '../../components/SettingRow';
import type { DesktopChange } from '../../ipc/bindings';
import { client } from '../../ipc/client';
import { desktopWords as words } from '../../messages/desktop';
import { attempt } from '../../state/actions';
import { keys, queryClient } from '../../state/queries';

const SWITCHES = ['tray', 'closeToTray', 'startAtLogin', 'startHidden', 'notifications'] as const;

export function DesktopSection() {
  // Asked each time: the system's own settings change the start at login, and trays come and go.
  const settings = useQuery({
    queryKey: keys.desktop,
    queryFn: client.desktopSettings,
    staleTime: 0,
  }).data;
  if (!settings) return null;
  const set = async (change: DesktopChange) => {
    await attempt(words.doing, () => client.setDesktopSettings(change));
    // Not what the call returned: two that overlap may answer in the other order.
    await queryClient.invalidateQueries({ queryKey: keys.desktop });
  };
  const noTray = settings.tray && !settings.trayShown;
  return (
    <Section title={words.title}>
      <Rows>
        {SWITCHES.map(name => {
          const warns = name === 'tray' && noTray;
          return (
            <SettingRow
              key={name}
              id={`desktop-${name}`}
              label={words.labels[name]}
              help={warns ? words.noTray : words.help[name]}
            >
              <Switch
                id={`desktop-${name}`}
                aria-describedby={`desktop-${name}-help`}
                checked={settings[name]}
                onChange={event => void set({ [name]: event.currentTarget.checked })}
              />
            </SettingRow>
          );
        })}
      </Rows>
    </Section>
  );
}
