// While files are dragged over the window, says what dropping them does; on every page, as they are no page's own.
import { Text } from '@mantine/core';
import { useEffect, useState } from 'react';
import { IconDrop } from '../../components/icons';

import { onFileDrop } from '../../ipc/events';
import { m } from '../../messages';
import { importPaths } from '../../state/actions';
import { isImagePath } from '../chat/image-path';
import classes from './Models.module.css';

/** `leavesImages`: the page takes them itself. */
export function DropTarget({ leavesImages }: { leavesImages: boolean }) {
  const [over, setOver] = useState(false);
  useEffect(
    () =>
      onFileDrop(drop => {
        const paths = drop.kind === 'leave' ? [] : drop.paths;
        const mine = leavesImages ? paths.filter(path => !isImagePath(path)) : paths;
        setOver(drop.kind === 'over' && (mine.length > 0 || !leavesImages));
        if (drop.kind === 'drop' && mine.length > 0) void importPaths(mine);
      }),
    [leavesImages],
  );
  if (!over) return null;
  return (
    <div className={classes.drop} role="status">
      <IconDrop size={30} stroke={1.3} color="var(--pd-accent)" aria-hidden />
      <Text fw={600}>{m.models.dropHere}</Text>
      <Text c="dimmed">{m.models.dropNote}</Text>
    </div>
  );
}
