import { Button, Group } from '@mantine/core';
import { FactList } from '../../components/Facts';
import { IconFolder, IconReport } from '../../components/icons';
import { Rows, Section } from '../../components/Section';
import { client } from '../../ipc/client';
import { m } from '../../messages';
import { reportWords } from '../../messages/report';
import { attempt } from '../../state/actions';
import { useSnapshot } from '../../state/live';
import { patchWindow } from '../../state/window';

export function AboutSection() {
  const snapshot = useSnapshot();
  if (!snapshot) return null;
  const version = `${m.app} ${snapshot.version}`;
  return (
    <Section
      title={m.settings.about}
      action={
        <Group gap="xs">
          <Button
            variant="default"
            leftSection={<IconReport size={15} />}
            onClick={() => patchWindow({ reporting: true })}
          >
            {reportWords.open}
          </Button>
          <Button
            variant="default"
            leftSection={<IconFolder size={15} />}
            onClick={() => void attempt(m.doing.openDataFolder, client.openDataFolder)}
          >
            {m.settings.openDataDir}
          </Button>
        </Group>
      }
    >
      <Rows>
        <div>
          <FactList
            facts={[
              { label: m.settings.version, value: version, copy: version },
              { label: m.settings.dataDir, value: snapshot.dataDir, copy: snapshot.dataDir, mono: true },
            ]}
          />
        </div>
      </Rows>
    </Section>
  );
}
