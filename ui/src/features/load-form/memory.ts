// An estimate as a bar has it: parts with colours, the same on every device.
import { bytes } from '../../format';
import type { DeviceMemory } from '../../ipc/bindings';
import { memoryWords as words } from '../../messages/memory';

export type Part = { name: keyof typeof words.parts; bytes: number; color: string };

/** What the model takes, then what others have. What is left of the bar is free. */
export function partsOf(device: DeviceMemory): Part[] {
  const { freeBytes, capacityBytes } = device;
  const others = freeBytes === null || capacityBytes === null ? 0 : Math.max(0, capacityBytes - freeBytes);
  const parts: Part[] = [
    { name: 'weights', bytes: device.weights + device.repackedBytes, color: 'var(--pd-meter-ours)' },
    { name: 'kvCache', bytes: device.kvCache, color: 'var(--pd-meter-kv)' },
    { name: 'compute', bytes: device.compute + device.output, color: 'var(--pd-meter-compute)' },
    { name: 'other', bytes: device.projector + device.draft, color: 'var(--pd-meter-extra)' },
    { name: 'others', bytes: others, color: 'var(--pd-meter-others)' },
  ];
  return parts.filter(part => part.bytes > 0);
}

/** What the bar is measured against: never less than what is to go in. */
export function wholeOf(device: DeviceMemory, parts: readonly Part[]): number {
  const sum = parts.reduce((total, part) => total + part.bytes, 0);
  return Math.max(device.capacityBytes ?? 0, sum, 1);
}

/** `Weights 253 MB, KV cache 61 MB, …, free 16.2 GB`. */
export function partsText(device: DeviceMemory, parts: readonly Part[]): string {
  const free = device.freeBytes === null ? null : Math.max(0, device.freeBytes - device.totalBytes);
  return [
    ...parts.map(part => `${words.parts[part.name]} ${bytes(part.bytes)}`),
    ...(free === null ? [] : [`${words.parts.free} ${bytes(free)}`]),
  ].join(', ');
}
