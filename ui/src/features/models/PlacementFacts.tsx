// What a running model really took, beside what was expected; and plainly what is not as it was asked for.
import { Text } from '@mantine/core';
import { bytes, grouped } from '../../format';
import type { Placement } from '../../ipc/bindings';
import { m } from '../../messages';
import { memoryWords as words } from '../../messages/memory';

export function PlacementFacts({ placement }: { placement: Placement }) {
  const { predicted, measured, contextSize, gpuLayers, totalLayers, flashAttention, warnings } = placement;
  const devices = measured.map(device => {
    const expected = predicted.find(one => one.name === device.name)?.totalBytes ?? 0;
    const size =
      expected > 0 ? words.tookOf(bytes(device.totalBytes), bytes(expected)) : bytes(device.totalBytes);
    return `${device.name} ${size}`;
  });
  const facts = [
    ...devices,
    contextSize !== null && words.contextIs(grouped(contextSize)),
    gpuLayers !== null &&
      gpuLayers > 0 &&
      totalLayers !== null &&
      words.layers(grouped(gpuLayers), grouped(totalLayers)),
    flashAttention !== null && words.flash(flashAttention),
  ].filter(Boolean);
  return (
    <>
      {facts.length > 0 && (
        <Text size="xs" c="dimmed">
          {`${words.really}: ${facts.join(m.separator)}`}
        </Text>
      )}
      {warnings.map(warning => (
        <Text key={warning} size="xs" c="var(--pd-warn)">
          {warning}
        </Text>
      ))}
    </>
  );
}
