// The places there are, and which engine would run the next model.
import { Tooltip, UnstyledButton } from '@mantine/core';
import { IconEngine, IconWarning } from '../../components/icons';
import { percent } from '../../format';
import { m } from '../../messages';
import { installProgress, isInstalling, useEngineJob } from '../../state/engine-job';
import { useSnapshot } from '../../state/live';
import { openTab, TABS, useWindow } from '../../state/window';
import { DownloadsItem } from '../downloads/DownloadsItem';
import classes from './Shell.module.css';
import { icons } from './tab-icons';
import { keyNames } from './use-shortcuts';

export function Navigation() {
  const current = useWindow(value => value.tab);
  return (
    <nav className={classes.nav} aria-label={m.nav.label}>
      {TABS.map((tab, index) => {
        const Icon = icons[tab];
        return (
          <Tooltip key={tab} label={keyNames(String(index + 1))} position="right">
            <UnstyledButton
              className={classes.item}
              aria-current={current === tab ? 'page' : undefined}
              onClick={() => openTab(tab)}
            >
              <Icon size={17} stroke={1.7} aria-hidden />
              {m.nav[tab]}
            </UnstyledButton>
          </Tooltip>
        );
      })}
      <DownloadsItem />
      <EngineItem />
    </nav>
  );
}

function EngineItem() {
  const snapshot = useSnapshot();
  const job = useEngineJob();
  if (!snapshot) return null;
  const Icon = snapshot.engine || isInstalling(job) ? IconEngine : IconWarning;
  const progress = isInstalling(job) ? installProgress(job) : null;
  const text = isInstalling(job)
    ? [job.build, progress !== null && percent(progress)].filter(Boolean).join(' ')
    : (snapshot.engine ?? m.nav.noEngine);
  return (
    <Tooltip
      label={snapshot.engine || isInstalling(job) ? `${m.nav.engine}: ${text}` : m.settings.noEngineTitle}
      position="right"
    >
      <UnstyledButton
        className={`${classes.item} ${classes.engine}`}
        data-missing={snapshot.engine || isInstalling(job) ? undefined : true}
        onClick={() => openTab('engines')}
      >
        <Icon size={15} stroke={1.7} aria-hidden style={{ flex: 'none' }} />
        <span className={classes.engineText}>{text}</span>
      </UnstyledButton>
    </Tooltip>
  );
}
