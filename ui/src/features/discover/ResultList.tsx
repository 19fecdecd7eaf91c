// What was found: as many as somebody scrolls to, and a word for every way in which it can be nothing.
import { Button, Loader, Skeleton, Text, UnstyledButton } from '@mantine/core';
import { useEffect, useMemo, useRef } from 'react';
import { EmptyState } from '../../components/EmptyState';
import { IconChevronRight, IconSearch } from '../../components/icons';
import { moveInList } from '../../components/list-keys';
import { useLate } from '../../components/use-late';
import { AppError } from '../../errors/app-error';
import { m } from '../../messages';
import { discoverWords as words } from '../../messages/discover';
import { openRepo } from '../../state/window';
import shared from '../models/Models.module.css';
import classes from './Discover.module.css';
import { HubProblem, HubProblemNote } from './HubProblem';
import { ResultRow } from './ResultRow';
import { parseReference } from './reference';
import { SearchTools } from './SearchTools';
import { clearFilters, hasFilters, patchSearch, shownOf, useHubSearch, useSearch } from './search';

export function ResultList({ chosen }: { chosen: string | null }) {
  const { text, fits, ...filters } = useSearch();
  const found = useHubSearch();
  const pages = found.data?.pages;
  const { repos, hidden, tired } = useMemo(() => shownOf(pages ?? [], fits), [pages, fits]);
  const waiting = useLate(found.isPending);
  const failure = found.error ? AppError.unexpected(found.error) : null;
  const reference = parseReference(text);
  const filtered = hasFilters({ text, fits, ...filters });
  const settled = !found.isPending && !found.isPlaceholderData && !found.typing;
  const again = () => void (pages ? found.fetchNextPage() : found.refetch());
  const more = found.hasNextPage && !found.isFetching && !failure;
  const box = useRef<HTMLDivElement>(null);
  const end = useEnd(
    box,
    more && !tired,
    `${pages?.length ?? 0} ${repos.length}`,
    () => void found.fetchNextPage(),
  );

  return (
    <section className={shared.list} aria-label={words.results}>
      <SearchTools />
      <div
        ref={box}
        className={classes.results}
        aria-busy={found.isFetching || undefined}
        data-old={found.isPlaceholderData || undefined}
      >
        {reference && (
          <UnstyledButton
            className={classes.reference}
            onClick={() => openRepo(reference.repo, reference.target)}
          >
            <span>{words.openReference(reference.repo)}</span>
            <IconChevronRight size={14} aria-hidden />
          </UnstyledButton>
        )}
        {waiting && <Waiting />}
        {failure && repos.length === 0 && <HubProblem failure={failure} onRetry={again} />}
        {repos.length > 0 && (
          <ul className={classes.rows} onKeyDown={moveInList}>
            {repos.map(repo => (
              <ResultRow key={repo.id} repo={repo} chosen={repo.id === chosen} />
            ))}
          </ul>
        )}
        {failure && repos.length > 0 && <HubProblemNote failure={failure} onRetry={again} />}
        {settled && !failure && repos.length === 0 && !found.hasNextPage && (
          <EmptyState
            icon={<IconSearch size={26} stroke={1.3} />}
            title={words.noneTitle}
            action={
              (filtered || text !== '') && (
                <Button
                  variant="default"
                  onClick={() => (filtered ? clearFilters() : patchSearch({ text: '' }))}
                >
                  {filtered ? words.clearFilters : words.clear}
                </Button>
              )
            }
          >
            {words.noneBody(text.trim())}
          </EmptyState>
        )}
        <div ref={end} className={classes.end}>
          {found.isFetchingNextPage && (
            <Loader size={14} color="gray" role="status" aria-label={words.loadingMore} />
          )}
          {more && tired && (
            <>
              <Text size="xs" c="dimmed">
                {words.hidden(hidden)}
              </Text>
              <Button size="xs" variant="default" onClick={() => void found.fetchNextPage()}>
                {words.more}
              </Button>
            </>
          )}
          {settled && !failure && repos.length > 0 && !found.hasNextPage && (
            <Text size="xs" c="dimmed">
              {words.all}
            </Text>
          )}
        </div>
      </div>
    </section>
  );
}

/** Calls when the end of the list comes near. `state` changes with what is in the list: the end may be near still. */
function useEnd(box: React.RefObject<HTMLElement | null>, on: boolean, state: string, reach: () => void) {
  const end = useRef<HTMLDivElement>(null);
  const latest = useRef(reach);
  latest.current = reach;
  // biome-ignore lint/correctness/useExhaustiveDependencies: looks again when the list has changed
  useEffect(() => {
    if (!on || !end.current) return;
    const observer = new IntersectionObserver(
      entries => entries.some(entry => entry.isIntersecting) && latest.current(),
      { root: box.current, rootMargin: '400px' },
    );
    observer.observe(end.current);
    return () => observer.disconnect();
  }, [box, on, state]);
  return end;
}

function Waiting() {
  return (
    <div className={classes.rows} role="status" aria-label={m.loading}>
      {[210, 160, 240, 180, 200, 150].map(width => (
        <div key={width} className={shared.row}>
          <div className={shared.rowLine}>
            <Skeleton h={12} w={width} />
            <Skeleton h={11} w={62} />
          </div>
          <Skeleton h={10} w={width * 0.8} my={4} />
          <Skeleton h={9} w={width * 0.6} my={6} />
        </div>
      ))}
    </div>
  );
}
