// What goes through the endpoint, with a short memory: enough for the charts, and nothing is written down.
import type { GatewayStats, Traffic } from '../ipc/bindings';
import { client } from '../ipc/client';
import { onTraffic } from '../ipc/events';
import { createStore, useStore } from './store';

/** How far back the charts go. */
export const SPAN_MILLISECONDS = 180_000;

export type Sample = { at: number; requests: number; tokensPerSecond: number };
export type TrafficNow = { stats: GatewayStats | null; samples: readonly Sample[] };

export const traffic = createStore<TrafficNow>({ stats: null, samples: [] });

export const useTraffic = () => useStore(traffic, value => value);

/** Of one model; `null` while it had no request. */
export function useModelTraffic(key: string): Traffic | null {
  return useStore(traffic, value => value.stats?.models.find(one => one.key === key)?.traffic ?? null);
}

/** Adds what was heard. Between two reports nothing moved, so a gap was as the report before it, and not a slope. */
export function addSample(before: readonly Sample[], stats: GatewayStats, at: number): Sample[] {
  const { inFlight, tokensPerSecond } = stats.total;
  const kept = before.filter(sample => at - sample.at <= SPAN_MILLISECONDS);
  const last = before.at(-1);
  // What lies just outside still shows where the line comes from.
  const edge = before.length > kept.length ? before[before.length - kept.length - 1] : undefined;
  const gap = last && at - last.at > 2000 ? [{ ...last, at: at - 500 }] : [];
  return [
    ...(edge ? [edge] : []),
    ...kept,
    ...gap,
    { at, requests: inFlight, tokensPerSecond: tokensPerSecond ?? 0 },
  ];
}

/** Listens first and asks then, as for the snapshot. */
export function connectTraffic(): () => void {
  const take = (stats: GatewayStats) =>
    traffic.set(({ samples }) => ({ stats, samples: addSample(samples, stats, Date.now()) }));
  const stop = onTraffic(take);
  // Without an answer there are no figures; everything else still works.
  client.gatewayStats().then(take, () => undefined);
  return stop;
}
