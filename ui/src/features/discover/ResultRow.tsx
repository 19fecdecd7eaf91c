// One repository among those that were found.
import { Text, UnstyledButton } from '@mantine/core';
import { useId } from 'react';
import { IconDownload, IconGated, IconLikes } from '../../components/icons';
import { daysAgo, short } from '../../format';
import type { HubRepoRow } from '../../ipc/pending';
import { discoverWords as words } from '../../messages/discover';
import { openRepo } from '../../state/window';
import shared from '../models/Models.module.css';
import classes from './Discover.module.css';
import { FitMark } from './FitMark';
import { repoLine } from './view';

export function ResultRow({ repo, chosen }: { repo: HubRepoRow; chosen: boolean }) {
  const nameId = useId();
  const lineId = useId();
  return (
    <li className={shared.row} data-chosen={chosen || undefined}>
      <div className={shared.rowLine}>
        <div className={shared.title}>
          <span id={nameId} className={shared.name}>
            {repo.name}
          </span>
          {repo.gated && (
            <IconGated
              size={13}
              role="img"
              aria-label={words.needsTerms}
              color="var(--mantine-color-dimmed)"
              style={{ flex: 'none' }}
            />
          )}
        </div>
        {repo.fit !== 'unknown' && <FitMark fit={repo.fit} words={words.fit} />}
      </div>
      <div id={lineId}>
        <Text component="div" className={shared.line}>
          {repoLine(repo)}
        </Text>
        <div className={classes.counts}>
          <span title={words.counts(short(repo.downloads), short(repo.likes))}>
            <IconDownload size={12} aria-hidden />
            {short(repo.downloads)}
          </span>
          <span>
            <IconLikes size={12} aria-hidden />
            {short(repo.likes)}
          </span>
          {repo.lastModified && <span>{words.updated(daysAgo(repo.lastModified))}</span>}
        </div>
      </div>
      {/* The whole row is the target. */}
      <UnstyledButton
        className={shared.target}
        data-row
        id={`hub:${repo.id}`}
        aria-labelledby={nameId}
        aria-describedby={lineId}
        aria-current={chosen ? 'true' : undefined}
        title={repo.id}
        onClick={() => openRepo(repo.id)}
      />
    </li>
  );
}
