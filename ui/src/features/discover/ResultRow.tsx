// One repository among those that were found.
import { Text, UnstyledButton } from '@mantine/core';
import { useId } from 'react';
import { FitMark } from '../../components/FitMark';
import { IconGated } from '../../components/icons';
import type { HubRepoRow } from '../../ipc/bindings';
import { discoverWords as words } from '../../messages/discover';
import { openRepo } from '../../state/window';
import shared from '../models/Models.module.css';
import { Counts } from './Counts';
import { repoLine, shortName } from './view';

export function ResultRow({ repo, chosen }: { repo: HubRepoRow; chosen: boolean }) {
  const nameId = useId();
  const lineId = useId();
  return (
    <li className={shared.row} data-chosen={chosen || undefined}>
      <div className={shared.rowLine}>
        <div className={shared.title}>
          <span id={nameId} className={shared.name}>
            {shortName(repo.name)}
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
        <Counts of={repo} />
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
