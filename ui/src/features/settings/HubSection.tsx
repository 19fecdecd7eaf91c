// Where models come from, with which token, and how much of the line downloads may take.
import { Rows, Section } from '../../components/Section';
import type { HubSettings } from '../../ipc/bindings';
import { hubWords as words } from '../../messages/hub';
import { HubEndpoint } from './HubEndpoint';
import { HubToken } from './HubToken';
import { LimitRow } from './LimitRow';

const CONNECTIONS = { low: 1, high: 16 };
const PARALLEL_FILES = { low: 1, high: 8 };
const MEGABYTE = 1_000_000;

export function HubSection({ hub }: { hub: HubSettings }) {
  const { connections, parallelFiles, bytesPerSecond } = hub;
  const limits = { connections, parallelFiles, bytesPerSecond };
  return (
    <Section id="settings-hub" title={words.title} body={words.body}>
      <Rows>
        <HubEndpoint key={hub.endpoint} endpoint={hub.endpoint} />
        <HubToken hub={hub} />
        <LimitRow
          id="hub-limit"
          label={words.limit}
          help={words.limitHelp}
          value={bytesPerSecond === null ? null : bytesPerSecond / MEGABYTE}
          unit={words.limitUnit}
          placeholder={words.limitPlaceholder}
          toLimits={value => ({
            ...limits,
            bytesPerSecond: value === null ? null : Math.round(value * MEGABYTE),
          })}
        />
        <LimitRow
          id="hub-files"
          label={words.parallelFiles}
          value={parallelFiles}
          bounds={PARALLEL_FILES}
          toLimits={value => ({ ...limits, parallelFiles: value ?? parallelFiles })}
        />
        <LimitRow
          id="hub-connections"
          label={words.connections}
          help={words.connectionsHelp}
          value={connections}
          bounds={CONNECTIONS}
          toLimits={value => ({ ...limits, connections: value ?? connections })}
        />
      </Rows>
    </Section>
  );
}
