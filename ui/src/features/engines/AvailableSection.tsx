// The builds and variants that could be installed: the one for this machine first, those that cannot work with why.
import { Button, Select, Skeleton, Text } from '@mantine/core';
import { useState } from 'react';
import { EmptyState } from '../../components/EmptyState';
import { IconOffline, IconReload } from '../../components/icons';
import { LinkText } from '../../components/LinkText';
import { Note } from '../../components/Note';
import { Rows, Section } from '../../components/Section';
import { AppError } from '../../errors/app-error';
import { asSentence, describeFailure } from '../../errors/table';
import { daysAgo } from '../../format';
import type { AvailableEngines, EngineBuild, EngineRow } from '../../ipc/bindings';
import { m } from '../../messages';
import { engineWords as words } from '../../messages/engines';
import { isInstalling, useEngineJob } from '../../state/engine-job';
import classes from './Engines.module.css';
import { checkForEngines, useAvailableEngines } from './queries';
import { VariantRow } from './VariantRow';
import { inOrder, isAbout } from './view';

export function AvailableSection({ engines }: { engines: readonly EngineRow[] }) {
  const job = useEngineJob();
  const [chosen, setChosen] = useState<string | null>(null);
  // A build that is being installed, or could not be, is the one to look at.
  const wanted = chosen ?? (job !== null && job.state !== 'done' ? tagOf(job.build) : null);
  const query = useAvailableEngines(wanted);
  const [checking, setChecking] = useState(false);
  const [refused, setRefused] = useState<AppError | null>(null);
  const check = async () => {
    setChecking(true);
    setRefused(null);
    try {
      await checkForEngines(wanted);
    } catch (error) {
      setRefused(AppError.unexpected(error));
    }
    setChecking(false);
  };
  const data = query.data ?? null;
  const told = data?.problem ? AppError.fromIpc(data.problem) : null;
  const problem = refused ?? told ?? (query.error ? AppError.unexpected(query.error) : null);
  return (
    <Section
      title={words.available}
      body={data?.machine.sentence || words.availableBody}
      action={
        <Button
          variant="default"
          leftSection={<IconReload size={15} />}
          loading={checking}
          onClick={() => void check()}
        >
          {words.check}
        </Button>
      }
    >
      {query.isPending && <Skeleton h={130} />}
      {problem && data && data.builds.length > 0 && <OldNews failure={problem} />}
      {data && data.builds.length > 0 && <Builds available={data} engines={engines} onChoose={setChosen} />}
      {!query.isPending && (!data || data.builds.length === 0) && (
        <Rows>
          <EmptyState icon={<IconOffline size={26} stroke={1.3} />} title={words.nothingKnown}>
            {problem
              ? `${asSentence(describeFailure(problem).clause)} ${describeFailure(problem).hint}`
              : words.nothingKnownBody}
          </EmptyState>
        </Rows>
      )}
    </Section>
  );
}

/** Nothing is lost, so nothing shouts. */
function OldNews({ failure }: { failure: AppError }) {
  const { clause, hint } = describeFailure(failure);
  return (
    <div style={{ marginBottom: 10 }}>
      <Note kind="info" title={words.problemTitle}>
        {asSentence(clause)} {hint}
      </Note>
    </div>
  );
}

type BuildsProps = {
  available: AvailableEngines;
  engines: readonly EngineRow[];
  onChoose: (tag: string) => void;
};

function Builds({ available, engines, onChoose }: BuildsProps) {
  const job = useEngineJob();
  const newest = available.builds.find(build => build.newest) ?? available.builds[0];
  const build = available.builds.find(one => one.tag === available.build) ?? newest;
  if (!build) return null;
  const installing = isInstalling(job);
  return (
    <Rows>
      <div className={classes.build}>
        <Select
          w={210}
          aria-label={words.build}
          allowDeselect={false}
          value={build.tag}
          onChange={tag => tag && onChoose(tag)}
          data={available.builds.map(one => ({ value: one.tag, label: buildLabel(one) }))}
        />
        <div className={classes.buildFacts}>
          <Text span size="xs" c="dimmed" style={{ whiteSpace: 'nowrap' }}>
            {build.publishedAt && daysAgo(build.publishedAt)}
          </Text>
          {build.notesUrl && <LinkText url={build.notesUrl} what={words.notes} />}
        </div>
        <Text span size="xs" c="dimmed" style={{ whiteSpace: 'nowrap' }}>
          {available.checkedAt === null ? words.neverChecked : words.checked(daysAgo(available.checkedAt))}
        </Text>
      </div>
      {inOrder(available).map(variant => (
        <VariantRow
          key={variant.id}
          build={build}
          variant={variant}
          why={variant.recommended ? available.sentence : (variant.reason ?? '')}
          // Without any engine the card above shows it.
          job={installing && engines.length > 0 && isAbout(job, build, variant) ? job : null}
          blocked={installing}
          first={engines.length > 0}
        />
      ))}
    </Rows>
  );
}

/** A job is of a tag; until the release is known it is of what was asked for, which may be `latest`. */
const tagOf = (build: string) => (build === 'latest' ? null : build);

function buildLabel({ tag, newest, installed }: EngineBuild): string {
  const marks = [newest && words.newest, installed && words.buildInstalled].filter(Boolean);
  return [tag, ...marks].join(m.separator);
}
