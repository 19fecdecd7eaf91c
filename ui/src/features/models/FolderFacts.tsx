// What is in a model folder, how much room its disk has, and whether it is there; and moving it.
import { ActionIcon, Button, Text, Tooltip } from '@mantine/core';
import { useEffect, useState } from 'react';
import { IconMove } from '../../components/icons';
import { bytes, bytesOf } from '../../format';
import { client } from '../../ipc/client';
import { libraryWords } from '../../messages/library';
import { attempt } from '../../state/actions';
import { keys, queryClient } from '../../state/queries';
import classes from './Library.module.css';
import { refreshLibrary, useFolderMove, useFolders } from './library-queries';

const words = libraryWords.folders;

export function FolderFacts({ path }: { path: string }) {
  const folder = useFolders().data?.find(one => one.path === path);
  if (!folder) return null;
  return (
    <div className={classes.folderFacts}>
      {folder.missing ? (
        <span className={classes.away}>{folder.silent ? words.silent : words.missing}</span>
      ) : (
        <>
          <span>
            {folder.modelCount === 0 ? words.empty : words.holds(folder.modelCount, bytes(folder.sizeBytes))}
          </span>
          {folder.freeBytes !== null && <span>{words.free(bytes(folder.freeBytes))}</span>}
        </>
      )}
    </div>
  );
}

const refreshMoved = () =>
  Promise.all([refreshLibrary(), queryClient.invalidateQueries({ queryKey: keys.settings })]);

export function MoveFolder({ path }: { path: string }) {
  const [busy, setBusy] = useState(false);
  const missing = useFolders().data?.find(one => one.path === path)?.missing ?? true;
  const now = useFolderMove(busy).data;
  const move = async () => {
    setBusy(true);
    await attempt(words.moveWhat, () => client.moveModelsFolder(path));
    setBusy(false);
    await refreshMoved();
  };
  // Somebody may have looked elsewhere since it began: it is the move that counts, not who waits for it.
  const moves = now?.running === true && now.from === path;
  useEffect(() => {
    if (moves) return () => void refreshMoved();
  }, [moves]);
  if (moves) {
    return (
      <>
        <Text span size="xs" c="dimmed" role="status">
          {now.totalBytes > 0
            ? words.moving(
                bytesOf(now.doneBytes, now.totalBytes).split(' of ')[0] ?? '',
                bytes(now.totalBytes),
              )
            : words.movingStart}
        </Text>
        <Button size="compact-xs" variant="default" onClick={() => void client.cancelFolderMove()}>
          {words.cancel}
        </Button>
      </>
    );
  }
  if (missing) return null;
  return (
    <Tooltip label={words.move(path)}>
      <ActionIcon
        size="xs"
        aria-label={words.move(path)}
        disabled={busy || now?.running}
        onClick={() => void move()}
      >
        <IconMove size={15} />
      </ActionIcon>
    </Tooltip>
  );
}
