// What a report of a problem holds, shown before anything of it leaves this window.
import { Button, Group, Loader, Modal, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { CopyButton } from '../../components/CopyButton';
import { IconSave } from '../../components/icons';
import { Note } from '../../components/Note';
import { Scroll } from '../../components/Scroll';
import { AppError } from '../../errors/app-error';
import { describeFailure } from '../../errors/table';
import { client } from '../../ipc/client';
import { m } from '../../messages';
import { reportWords as words } from '../../messages/report';
import { patchWindow } from '../../state/window';
import classes from './ReportDialog.module.css';
import { saveText } from './save-text';

export default function ReportDialog() {
  // Looked at anew each time: what is wrong may be mended.
  const { data, isPending, error } = useQuery({
    queryKey: ['report'],
    queryFn: client.report,
    staleTime: 0,
    gcTime: 0,
  });
  const failure = error ? describeFailure(AppError.unexpected(error)) : null;
  return (
    <Modal
      opened
      onClose={() => patchWindow({ reporting: false })}
      title={words.title}
      size={680}
      closeButtonProps={{ 'aria-label': m.close }}
    >
      <Text size="sm" c="dimmed" mb="sm">
        {words.body}
      </Text>
      {isPending && (
        <Group gap="sm" role="status" py="lg" justify="center">
          <Loader size={16} color="gray" />
          <Text c="dimmed">{words.looking}</Text>
        </Group>
      )}
      {failure && (
        <Note kind="bad" title={words.failed(failure.clause)}>
          {failure.hint}
        </Note>
      )}
      {data !== undefined && (
        <>
          <Scroll className={classes.report} label={words.label} data-selectable>
            <pre>{data}</pre>
          </Scroll>
          <Group justify="flex-end" gap="xs" mt="md">
            <Button
              variant="default"
              leftSection={<IconSave size={14} />}
              onClick={() => void saveText(words.file, data)}
            >
              {words.save}
            </Button>
            <CopyButton text={data} what={words.label} word={words.copy} size="sm" />
          </Group>
        </>
      )}
    </Modal>
  );
}
