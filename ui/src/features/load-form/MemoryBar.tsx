// What the model will take as the form stands, by device and part, against what is free now; and what would make it fit.
// It moves with the sliders.
import { Button, Group, Popover, Text, Tooltip, UnstyledButton } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { Fragment, useState } from 'react';
import { FitMark } from '../../components/FitMark';
import { Meter } from '../../components/Meter';
import { AppError } from '../../errors/app-error';
import { describeFailure } from '../../errors/table';
import { bytes } from '../../format';
import type { DeviceMemory, LoadForm, LoadParams, MemoryEstimate } from '../../ipc/bindings';
import { client } from '../../ipc/client';
import { memoryWords as words } from '../../messages/memory';
import { attempt } from '../../state/actions';
import { paramSaver } from '../../state/param-saver';
import { keys } from '../../state/queries';
import { useStore } from '../../state/store';
import { announce } from '../../state/window';
import classes from './Memory.module.css';
import { partsOf, partsText, wholeOf } from './memory';
import { PresetTools } from './PresetTools';
import type { Draft } from './use-draft';

const DELAY_MILLISECONDS = 80;

export function MemoryBar({ form, draft }: { form: LoadForm; draft: Draft }) {
  const { data: estimate, error } = useEstimate(form, draft.params);
  const [fitted, setFitted] = useState<{ sentence: string; params: LoadParams } | null>(null);
  const [busy, setBusy] = useState(false);
  const choose = async () => {
    setBusy(true);
    await paramSaver.flush(form.key);
    const found = await attempt(words.doing.fit, () => client.fitParams(form.key));
    setBusy(false);
    if (!found) return;
    const params = { ...draft.params, ...found.params };
    draft.setParams(params);
    setFitted({ sentence: found.sentence, params });
    announce(found.sentence);
  };
  // The sentence is about what was chosen, until something else is.
  const said =
    fitted && JSON.stringify(fitted.params) === JSON.stringify(draft.params) ? fitted.sentence : null;
  return (
    <section className={classes.memory} aria-label={words.label}>
      <div className={classes.head}>
        <Text fw={600}>{words.title}</Text>
        <div className={classes.devices}>
          {estimate?.devices.map(device => (
            <Device key={device.name} device={device} only={estimate.devices.length === 1} />
          ))}
        </div>
        <Tooltip label={words.fitTip}>
          <Button
            size="xs"
            variant="default"
            loading={busy}
            disabled={!estimate}
            onClick={() => void choose()}
            aria-label={words.fitLabel}
          >
            {words.fit}
          </Button>
        </Tooltip>
        <PresetTools form={form} draft={draft} />
      </div>
      {error ? (
        <Text size="xs" c="dimmed">
          {words.failed(describeFailure(AppError.unexpected(error)).clause)}
        </Text>
      ) : (
        <Verdict estimate={estimate} said={said} />
      )}
      {estimate && estimate.remedies.length > 0 && (
        <ul className={classes.remedies}>
          {estimate.remedies.map(remedy => (
            <li key={remedy.change}>
              <Text size="xs">{remedy.sentence}</Text>
              {Object.keys(remedy.params).length > 0 && (
                <Button
                  size="compact-xs"
                  variant="default"
                  aria-label={`${words.set}: ${remedy.sentence}`}
                  onClick={() => draft.setParams({ ...draft.params, ...remedy.params })}
                >
                  {words.set}
                </Button>
              )}
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

/** As the form stands, and asked anew when that is saved: what was reset still counts until then. */
function useEstimate(form: LoadForm, params: LoadParams) {
  const [settled] = useDebouncedValue(params, DELAY_MILLISECONDS);
  const saving = useStore(paramSaver.states, states => states[form.key]?.kind ?? 'clean');
  // Known a moment before the change itself is: both settle together.
  const [saved] = useDebouncedValue(saving === 'clean' || saving === 'saved', DELAY_MILLISECONDS);
  return useQuery({
    queryKey: [...keys.estimate(form.key), form.engine, form.preset, settled, saved],
    queryFn: () => client.estimateMemory(form.key, settled),
    // What the form had before it changed is not asked for once more.
    enabled: settled === params,
    placeholderData: keepPreviousData,
    gcTime: 60_000,
    // Others take and give memory meanwhile.
    staleTime: 10_000,
  });
}

function Verdict({ estimate, said }: { estimate: MemoryEstimate | undefined; said: string | null }) {
  if (!estimate) return <div style={{ height: 19 }} />;
  const notes = [
    ...estimate.notes,
    estimate.mayGrowBytes > 0 ? words.mayGrow(bytes(estimate.mayGrowBytes)) : null,
    estimate.corrected ? words.corrected : null,
  ].filter(Boolean);
  return (
    <Group gap={10} wrap="nowrap" align="flex-start">
      <span style={{ flex: 'none' }}>
        <FitMark fit={estimate.verdict} words={words.verdicts} />
      </span>
      <Text size="xs" c="dimmed" lh="19px">
        {said ?? estimate.sentence} {notes.join(' ')}
      </Text>
    </Group>
  );
}

function Device({ device, only }: { device: DeviceMemory; only: boolean }) {
  const parts = partsOf(device);
  const free = device.freeBytes === null ? null : Math.max(0, device.freeBytes - device.totalBytes);
  return (
    <Popover position="bottom-start" trapFocus returnFocus>
      <Popover.Target>
        <UnstyledButton
          className={classes.device}
          aria-label={words.bar(device.name, partsText(device, parts))}
        >
          {!only && (
            <Text span size="xs" c="dimmed" className={classes.deviceName}>
              {device.name}
            </Text>
          )}
          <div className={classes.bar}>
            <Meter
              height={10}
              total={wholeOf(device, parts)}
              label={partsText(device, parts)}
              parts={parts.map(({ bytes: size, color }) => ({ bytes: size, color }))}
            />
          </div>
        </UnstyledButton>
      </Popover.Target>
      <Popover.Dropdown aria-label={device.name}>
        <Text size="xs" c="dimmed" mb={6}>
          {device.description}
        </Text>
        <div className={classes.legend}>
          {parts.map(part => (
            <Fragment key={part.name}>
              <span className={classes.swatch} style={{ background: part.color }} />
              <span>{words.parts[part.name]}</span>
              <Text span fw={600}>
                {bytes(part.bytes)}
              </Text>
            </Fragment>
          ))}
          {free !== null && (
            <>
              <span className={classes.swatch} style={{ background: 'var(--pd-meter-free)' }} />
              <span>{words.parts.free}</span>
              <Text span fw={600}>
                {bytes(free)}
              </Text>
            </>
          )}
        </div>
      </Popover.Dropdown>
    </Popover>
  );
}
