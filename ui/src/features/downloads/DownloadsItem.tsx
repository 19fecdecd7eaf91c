// In the navigation: what is coming in, how fast and how far; a click shows each of them.
import { Tooltip, UnstyledButton } from '@mantine/core';
import { IconDownload } from '../../components/icons';
import { rate, remaining } from '../../format';
import { m } from '../../messages';
import { downloadWords as words } from '../../messages/downloads';
import { type Totals, totalsOf, useJobs } from '../../state/downloads';
import { patchWindow, useWindow } from '../../state/window';
import shell from '../shell/Shell.module.css';
import { keyNames } from '../shell/use-shortcuts';
import classes from './DownloadsItem.module.css';

export function DownloadsItem() {
  const totals = totalsOf(useJobs());
  const open = useWindow(value => value.downloadsOpen);
  const busy = totals.active > 0;
  const rest = attention(totals);
  return (
    <Tooltip label={`${words.title} (${keyNames('J')})`} position="right">
      <UnstyledButton
        className={`${shell.item} ${classes.item}`}
        aria-haspopup="dialog"
        aria-expanded={open}
        onClick={() => patchWindow({ downloadsOpen: true })}
      >
        <IconDownload size={17} stroke={1.7} aria-hidden color={busy ? 'var(--pd-accent)' : undefined} />
        <span className={classes.title}>
          {busy && totals.active}
          <span className={busy ? classes.left : undefined}>
            {busy ? ` ${words.unit(totals.active)}` : words.title}
          </span>
        </span>
        <span className={classes.rest}>
          {busy && (
            <>
              <span className={classes.bar} aria-hidden>
                <span style={{ transform: `scaleX(${totals.fraction ?? 0})` }} />
              </span>
              <span className={classes.line}>
                <span>{totals.bytesPerSecond > 0 ? rate(totals.bytesPerSecond) : words.states.waiting}</span>
                {totals.secondsLeft !== null && (
                  <span className={classes.left}>{`${m.separator}${remaining(totals.secondsLeft)}`}</span>
                )}
              </span>
            </>
          )}
          {!busy && rest && (
            <span className={classes.line} data-bad={totals.failed > 0 || undefined}>
              {rest}
            </span>
          )}
        </span>
      </UnstyledButton>
    </Tooltip>
  );
}

/** What waits for somebody. */
function attention({ failed, interrupted, paused }: Totals): string | null {
  if (failed > 0) return words.failed(failed);
  if (interrupted > 0) return words.interrupted(interrupted);
  return paused > 0 ? words.paused(paused) : null;
}
