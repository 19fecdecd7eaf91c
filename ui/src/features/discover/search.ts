// What is searched for, kept while somebody looks at other tabs, and what was found.

import { useDebouncedValue } from '@mantine/hooks';
import { keepPreviousData, useInfiniteQuery, useQuery } from '@tanstack/react-query';
import type { HubPage, HubQuery, HubRepoRow, HubSort } from '../../ipc/bindings';
import { client } from '../../ipc/client';
import { keys } from '../../state/queries';
import { createStore, useStore } from '../../state/store';
import { remember, remembered, windowState } from '../../state/window';

export const HUB_SORTS: readonly HubSort[] = ['trending', 'downloads', 'likes', 'newest'];

export type Search = {
  text: string;
  sort: HubSort;
  /** Only what this machine can run. */
  fits: boolean;
  author: string | null;
  task: string | null;
};

const SORT = 'paddock.hub-sort';
const lastSort = HUB_SORTS.find(sort => sort === remembered(SORT));

export const search = createStore<Search>({
  text: '',
  sort: lastSort ?? 'trending',
  fits: false,
  author: null,
  task: null,
});

export const useSearch = () => useStore(search, value => value);

export function patchSearch(patch: Partial<Search>): void {
  if (patch.sort) remember(SORT, patch.sort);
  search.set(value => ({ ...value, ...patch }));
}

export const hasFilters = ({ fits, author, task }: Search) => fits || author !== null || task !== null;
export const clearFilters = () => patchSearch({ fits: false, author: null, task: null });

const TYPING_MILLISECONDS = 350;
/** The hub changes slowly, and asks not to be asked too often. */
const STALE_MILLISECONDS = 5 * 60_000;

export function useHubSearch() {
  const now = useSearch();
  const [text] = useDebouncedValue(now.text.trim(), TYPING_MILLISECONDS);
  const query: Omit<HubQuery, 'cursor'> = {
    text,
    sort: now.sort,
    author: now.author,
    task: now.task,
    fits: now.fits,
  };
  const found = useInfiniteQuery({
    queryKey: [...keys.hubSearch, query],
    queryFn: ({ pageParam }) => client.searchHub({ ...query, cursor: pageParam }),
    initialPageParam: null as string | null,
    getNextPageParam: page => page.cursor,
    staleTime: STALE_MILLISECONDS,
    placeholderData: keepPreviousData,
  });
  return { ...found, asked: query, typing: text !== now.text.trim() };
}

/** With what a link or the search named of it, so that the answer says which variant that is. */
export function referenceOf(id: string, target: string | null): string {
  if (!target) return id;
  return /\.gguf$/i.test(target)
    ? `paddock://models/huggingface/${id}?file=${encodeURIComponent(target)}`
    : `${id}:${target}`;
}

export function useHubRepo(id: string) {
  return useQuery({
    queryKey: keys.hubRepo(id),
    queryFn: () => client.hubRepo(referenceOf(id, windowState.get().target)),
    staleTime: STALE_MILLISECONDS,
  });
}

/** So many pages in a row may be hidden before somebody is asked whether to look further. */
const PATIENCE_PAGES = 3;

export type Shown = { repos: HubRepoRow[]; hidden: number; tired: boolean };

/** What of the pages is shown: each repository once, and where asked only what runs here. */
export function shownOf(pages: readonly HubPage[], fits: boolean): Shown {
  const seen = new Set<string>();
  const repos: HubRepoRow[] = [];
  let hidden = 0;
  let empty = 0;
  for (const page of pages) {
    const before = repos.length;
    for (const repo of page.repos) {
      if (seen.has(repo.id)) continue;
      seen.add(repo.id);
      if (fits && repo.fit === 'tooBig') hidden += 1;
      else repos.push(repo);
    }
    empty = repos.length === before ? empty + 1 : 0;
  }
  return { repos, hidden, tired: empty >= PATIENCE_PAGES };
}
