// Where models are looked for.
import { ActionIcon, Button, Tooltip } from '@mantine/core';
import { useState } from 'react';
import { Confirm } from '../../components/Confirm';
import { CopyButton } from '../../components/CopyButton';
import { IconAddFolder, IconFolder, IconRemove } from '../../components/icons';
import { Rows, Section } from '../../components/Section';
import { Tag } from '../../components/Tag';
import type { Settings } from '../../ipc/bindings';
import { m } from '../../messages';
import { addFolder, removeFolder } from '../../state/actions';
import { FolderFacts, MoveFolder } from '../models/FolderFacts';
import classes from './Settings.module.css';

export function FoldersSection({ settings }: { settings: Settings }) {
  const [removing, setRemoving] = useState<string | null>(null);
  const icon = (
    <IconFolder
      size={16}
      stroke={1.6}
      color="var(--mantine-color-dimmed)"
      style={{ flex: 'none' }}
      aria-hidden
    />
  );
  return (
    <Section
      id="settings-folders"
      title={m.settings.folders}
      body={m.settings.foldersBody}
      action={
        <Button variant="default" leftSection={<IconAddFolder size={15} />} onClick={() => void addFolder()}>
          {m.settings.addFolder}
        </Button>
      }
    >
      <Rows>
        <div className={classes.folder}>
          {icon}
          <span className={classes.folderPath} data-selectable>
            {settings.paddockModelsFolder}
          </span>
          <Tag>{m.settings.paddockFolder}</Tag>
          <CopyButton text={settings.paddockModelsFolder} what={m.details.path} />
          <MoveFolder path={settings.paddockModelsFolder} />
          <FolderFacts path={settings.paddockModelsFolder} />
        </div>
        {settings.modelFolders.map(path => (
          <div key={path} className={classes.folder}>
            {icon}
            <span className={classes.folderPath} data-selectable>
              {path}
            </span>
            <MoveFolder path={path} />
            <Tooltip label={m.settings.removeFolder(path)}>
              <ActionIcon
                size="xs"
                aria-label={m.settings.removeFolder(path)}
                onClick={() => setRemoving(path)}
              >
                <IconRemove size={15} />
              </ActionIcon>
            </Tooltip>
            <FolderFacts path={path} />
          </div>
        ))}
      </Rows>
      {removing !== null && (
        <Confirm
          title={m.settings.removeFolderTitle}
          confirm={m.settings.removeFolderConfirm}
          onConfirm={() => removeFolder(removing)}
          onClose={() => setRemoving(null)}
        >
          {m.settings.removeFolderBody(removing)}
        </Confirm>
      )}
    </Section>
  );
}
