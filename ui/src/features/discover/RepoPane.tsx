// The chosen repository: what it is, whether it may be had, and its variants.
import { ActionIcon, Button, Skeleton, Spoiler, Text, Title, Tooltip } from '@mantine/core';
import { EmptyState } from '../../components/EmptyState';
import { type Fact, FactRow } from '../../components/Facts';
import { IconBack, IconGated, IconModels } from '../../components/icons';
import { LinkText } from '../../components/LinkText';
import { Note } from '../../components/Note';
import { Scroll } from '../../components/Scroll';
import { useLate } from '../../components/use-late';
import { AppError } from '../../errors/app-error';
import { grouped, parameterCount } from '../../format';
import type { HubRepo } from '../../ipc/bindings';
import { m } from '../../messages';
import { discoverWords } from '../../messages/discover';
import { useSettings } from '../../state/queries';
import { openSettings, patchWindow } from '../../state/window';
import shared from '../models/Models.module.css';
import { Counts } from './Counts';
import classes from './Discover.module.css';
import { HubProblem } from './HubProblem';
import { patchSearch, useHubRepo } from './search';
import { VariantTable } from './VariantTable';
import { repoAuthor, repoName, searchable } from './view';

export const BACK_ID = 'back-to-results';
const words = discoverWords.repo;

export function RepoPane({ id, narrow }: { id: string; narrow: boolean }) {
  const query = useHubRepo(id);
  const waiting = useLate(query.isPending);
  const author = repoAuthor(id);
  return (
    <>
      <header className={shared.head} style={narrow ? { paddingLeft: 10 } : undefined}>
        {narrow && (
          <Tooltip label={discoverWords.back}>
            <ActionIcon
              id={BACK_ID}
              size="md"
              aria-label={discoverWords.back}
              onClick={() => patchWindow({ hubPageOpen: false })}
            >
              <IconBack size={18} />
            </ActionIcon>
          </Tooltip>
        )}
        <div className={shared.headText}>
          <Title order={2} title={id} data-selectable>
            {repoName(id)}
          </Title>
          <div className={classes.byline}>
            <Tooltip label={discoverWords.authorIs(author)}>
              <Button
                size="compact-xs"
                variant="transparent"
                className={classes.author}
                onClick={() => {
                  patchSearch({ author, text: '' });
                  patchWindow({ hubPageOpen: false });
                }}
              >
                {author}
              </Button>
            </Tooltip>
            {query.data && <LinkText url={query.data.url} what={words.copyLink} />}
            {query.data && <Counts of={query.data} />}
          </div>
        </div>
      </header>
      {waiting && <Waiting />}
      {query.error && (
        <HubProblem
          failure={AppError.unexpected(query.error)}
          onRetry={() => void query.refetch()}
          action={
            AppError.unexpected(query.error).code === 'hub_not_found' && (
              <Button onClick={() => searchFor(id)}>{words.searchName(searchable(id))}</Button>
            )
          }
        />
      )}
      {query.data && <Repo repo={query.data} />}
    </>
  );
}

function Repo({ repo }: { repo: HubRepo }) {
  const facts: Fact[] = [
    ...(repo.parameters === null
      ? []
      : [{ label: words.parameters, value: parameterCount(repo.parameters) }]),
    ...(repo.architecture ? [{ label: words.architecture, value: repo.architecture }] : []),
    ...(repo.contextLength === null
      ? []
      : [{ label: words.context, value: words.tokens(grouped(repo.contextLength)) }]),
    { label: words.licence, value: repo.licence ?? words.noLicence },
    { label: words.template, value: repo.chatTemplate ? words.templateIn : words.templateNone },
    ...(repo.variants.some(variant => variant.projector !== null)
      ? [{ label: words.vision, value: words.visionYes }]
      : []),
  ];
  return (
    <Scroll className={`${shared.scroll} ${classes.repo}`} label={words.about(repo.id)}>
      {repo.summary && (
        <Spoiler
          maxHeight={58}
          showLabel={words.more}
          hideLabel={words.less}
          transitionDuration={0}
          classNames={{ control: classes.spoiler }}
        >
          <Text data-selectable style={{ overflowWrap: 'anywhere' }}>
            {repo.summary}
          </Text>
        </Spoiler>
      )}
      <FactRow facts={facts} />
      <Access repo={repo} />
      {repo.variants.length > 0 ? (
        <section aria-labelledby="hub-variants">
          <Title order={3} id="hub-variants">
            {words.variants}
          </Title>
          <Text c="dimmed" size="xs" mb={6}>
            {words.variantsBody}
          </Text>
          <VariantTable repo={repo} />
        </section>
      ) : (
        <EmptyState
          icon={<IconModels size={26} stroke={1.3} />}
          title={words.noVariantsTitle}
          action={
            <Button variant="default" onClick={() => searchFor(repo.id)}>
              {words.searchName(searchable(repo.id))}
            </Button>
          }
        >
          {words.noVariantsBody}
        </EmptyState>
      )}
    </Scroll>
  );
}

function searchFor(id: string): void {
  patchSearch({ text: searchable(id), author: null });
  patchWindow({ hubPageOpen: false });
}

/** Terms to accept, and with which account. */
function Access({ repo }: { repo: HubRepo }) {
  const hub = useSettings().data?.hub;
  if (repo.gated === 'no') {
    if (!repo.private) return null;
    return (
      <div className={classes.access}>
        <IconGated size={14} aria-hidden />
        {words.privateTitle}
      </div>
    );
  }
  const how = hub?.tokenSet
    ? words.gatedToken
    : repo.gated === 'manual'
      ? words.gatedManual
      : words.gatedAuto;
  return (
    <Note
      kind="warn"
      title={words.gatedTitle}
      action={
        !hub?.tokenSet && (
          <Button size="xs" variant="default" onClick={() => openSettings('hub')}>
            {words.setToken}
          </Button>
        )
      }
    >
      {how}
    </Note>
  );
}

function Waiting() {
  return (
    <div className={classes.repo} role="status" aria-label={m.loading} style={{ padding: '0 20px' }}>
      <Skeleton h={10} w="90%" />
      <Skeleton h={10} w="75%" />
      <Skeleton h={34} w="60%" />
      {[0, 1, 2, 3].map(row => (
        <Skeleton key={row} h={44} />
      ))}
    </div>
  );
}
