// Below the status bar: that nothing can run yet, what happened at the start that the user should know, and actions that failed and have no better
// place. Each stays until it is put away.
import { Button, Text } from '@mantine/core';
import { Note } from '../../components/Note';
import { client } from '../../ipc/client';
import { m } from '../../messages';
import { attempt } from '../../state/actions';
import { isInstalling, useEngineJob } from '../../state/engine-job';
import { useSnapshot } from '../../state/live';
import { dismissAlert, openTab, useWindow, windowState } from '../../state/window';
import { useFirstRun } from '../first-run/first-run-state';
import classes from './Shell.module.css';

export function Notices() {
  const snapshot = useSnapshot();
  const notices = snapshot?.notices ?? [];
  const onEngines = useWindow(value => value.tab === 'engines');
  const installing = isInstalling(useEngineJob());
  // They speak of it themselves.
  const first = useFirstRun(value => value.active);
  const dismissed = useWindow(value => value.dismissedNotices);
  const alerts = useWindow(value => value.alerts);
  const dismiss = (message: string) =>
    windowState.set(value => ({ ...value, dismissedNotices: [...value.dismissedNotices, message] }));
  return (
    <section className={classes.notices} aria-label={m.notices.label}>
      {snapshot?.engine === null && !onEngines && !installing && !first && (
        <Note
          kind="warn"
          title={m.notices.noEngine}
          action={
            <Button size="xs" onClick={() => openTab('engines')}>
              {m.errors.actions.chooseEngine}
            </Button>
          }
          flush
        >
          {m.notices.noEngineHint}
        </Note>
      )}
      {notices
        .filter(notice => !dismissed.includes(notice.message))
        .map(notice => (
          <Note
            key={notice.message}
            kind="warn"
            title={notice.message}
            onDismiss={() => dismiss(notice.message)}
            flush
          >
            {notice.keptAt && (
              <Text span size="xs">
                {m.notices.keptAt(notice.keptAt)}
              </Text>
            )}
          </Note>
        ))}
      {snapshot?.announcements.map(({ id, message }) => (
        <Note
          key={id}
          kind="info"
          title={message}
          onDismiss={() => void attempt(m.doing.dismiss, () => client.dismissAnnouncement(id))}
          flush
        />
      ))}
      {alerts.map(alert => (
        <Note key={alert.id} kind="bad" title={alert.text} onDismiss={() => dismissAlert(alert.id)} flush>
          {alert.hint}
        </Note>
      ))}
    </section>
  );
}
