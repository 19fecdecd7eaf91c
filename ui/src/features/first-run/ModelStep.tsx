// The second step: a model, of three that fit, or of those that are here already.
import { Button, Menu, Radio, Skeleton, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useEffect, useId, useState } from 'react';
import { IconChevronDown } from '../../components/icons';
import { Note } from '../../components/Note';
import { Tag } from '../../components/Tag';
import { AppError } from '../../errors/app-error';
import { describeFailure } from '../../errors/table';
import { bytes, parameterCount } from '../../format';
import type { Recommendation } from '../../ipc/bindings';
import { client } from '../../ipc/client';
import { m } from '../../messages';
import { firstRunWords } from '../../messages/first-run';
import { attempt, pickFiles } from '../../state/actions';
import { useModels } from '../../state/queries';
import { repoName, shortName } from '../discover/view';
import { offerFound } from '../models/library-queries';
import { Frame } from './FirstRun';
import classes from './FirstRun.module.css';
import { goToStep, patchFirstRun } from './first-run-state';

const words = firstRunWords.model;

export function ModelStep() {
  const { models, isPending } = useModels();
  const query = useQuery({
    queryKey: ['recommended-models'],
    queryFn: client.recommendModels,
    // Who has models is not asked for.
    enabled: !isPending && models.length === 0,
  });
  const offers = query.data ?? [];
  const [picked, setPicked] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const chosen =
    offers.find(one => one.repo === picked) ?? offers.find(one => one.recommended) ?? offers[0] ?? null;

  // Files that were added, or another app's: then there is nothing to choose here.
  const here = models[0]?.key ?? null;
  useEffect(() => {
    if (here) patchFirstRun({ step: 'done', modelKey: here, wanted: null });
  }, [here]);

  const take = async (offer: Recommendation) => {
    const { repo, variant, localKey } = offer;
    if (localKey) return patchFirstRun({ step: 'done', modelKey: localKey, wanted: null });
    setBusy(true);
    const request = { repo, revision: null, variant };
    const begun = await attempt(words.doing(shortName(repoName(repo))), () => client.downloadModel(request));
    setBusy(false);
    if (begun) {
      patchFirstRun({ step: 'done', modelKey: begun.key, wanted: { repo, variant, jobId: begun.jobId } });
    }
  };
  const failure = query.error ? describeFailure(AppError.unexpected(query.error)) : null;
  return (
    <Frame
      step="model"
      title={words.title}
      body={words.body}
      onSkip={() => goToStep('done')}
      actions={
        <>
          <Menu position="top-end">
            <Menu.Target>
              <Button size="md" variant="default" rightSection={<IconChevronDown size={14} />}>
                {words.have}
              </Button>
            </Menu.Target>
            <Menu.Dropdown>
              <Menu.Item onClick={() => offerFound(true)}>{words.otherApps}</Menu.Item>
              <Menu.Item onClick={() => void pickFiles()}>{words.files}</Menu.Item>
            </Menu.Dropdown>
          </Menu>
          {chosen && (
            <Button size="md" loading={busy} onClick={() => void take(chosen)}>
              {chosen.localKey ? words.use : words.download(bytes(chosen.sizeBytes))}
            </Button>
          )}
        </>
      }
    >
      {query.isPending && (
        <div className={classes.choices} role="status" aria-label={words.looking}>
          <Text c="dimmed">{words.looking}</Text>
          <Skeleton h={58} />
          <Skeleton h={58} />
          <Skeleton h={58} />
        </div>
      )}
      {failure && (
        <Note
          kind="warn"
          title={words.failed(failure.clause)}
          action={
            <Button size="xs" variant="default" onClick={() => void query.refetch()}>
              {words.again}
            </Button>
          }
        >
          {failure.hint}
        </Note>
      )}
      {query.isSuccess && offers.length === 0 && <Note kind="info" title={words.none} />}
      {offers.length > 0 && (
        <Radio.Group value={chosen?.repo ?? null} onChange={setPicked} aria-label={words.label}>
          <div className={classes.choices}>
            {offers.map(offer => (
              <Offer key={offer.repo} offer={offer} />
            ))}
          </div>
        </Radio.Group>
      )}
    </Frame>
  );
}

function Offer({ offer }: { offer: Recommendation }) {
  const id = useId();
  const facts = [
    offer.parameters === null ? null : words.parameters(parameterCount(offer.parameters)),
    bytes(offer.sizeBytes),
    ...offer.skills.map(skill => words.skills[skill]),
  ];
  return (
    <Radio.Card
      value={offer.repo}
      className={classes.choice}
      aria-label={words.pace[offer.pace]}
      aria-describedby={id}
    >
      <div className={classes.choiceHead}>
        <Radio.Indicator size="xs" className={classes.dot} />
        <div className={classes.choiceName}>
          <Text span fw={600} mr={8}>
            {words.pace[offer.pace]}
          </Text>
          <Text span c="dimmed">
            {shortName(repoName(offer.repo))}
          </Text>
        </div>
        {offer.recommended && <Tag>{words.recommended}</Tag>}
      </div>
      <div className={classes.facts} id={id}>
        <Text size="sm">{words.goodAt[offer.pace]}</Text>
        <Text size="xs" c="dimmed">
          {facts.filter(Boolean).join(m.separator)}
        </Text>
      </div>
    </Radio.Card>
  );
}
