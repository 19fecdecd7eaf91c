// How many use a repository, how many like it, and when it last changed.
import { VisuallyHidden } from '@mantine/core';
import { IconDownload, IconLikes } from '../../components/icons';
import { daysAgo, short } from '../../format';
import type { HubRepo, HubRepoRow } from '../../ipc/bindings';
import { discoverWords as words } from '../../messages/discover';
import classes from './Discover.module.css';

type Counted = Pick<HubRepo | HubRepoRow, 'downloads' | 'likes' | 'lastModified'>;

export function Counts({ of: { downloads, likes, lastModified } }: { of: Counted }) {
  const all = words.counts(short(downloads), short(likes));
  return (
    <div className={classes.counts} title={all}>
      <VisuallyHidden>{all}</VisuallyHidden>
      <span aria-hidden>
        <IconDownload size={12} />
        {short(downloads)}
      </span>
      <span aria-hidden>
        <IconLikes size={12} />
        {short(likes)}
      </span>
      {lastModified && <span>{words.updated(daysAgo(lastModified))}</span>}
    </div>
  );
}
