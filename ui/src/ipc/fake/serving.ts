// The fake's endpoint: keys, what was refused, limits, and traffic that tests set in motion.
import {
  type ApiKey,
  type EndpointChange,
  events,
  type GatewayStats,
  type Model,
  type ModelPolicy,
  type Refusal,
  type RefusalKind,
  type ServingLimits,
  type ServingSettings,
} from '../bindings';
import type { Scenario } from './scenarios';

type Args = Record<string, unknown>;

const HOUR_MILLISECONDS = 3_600_000;

export const noPolicy: ModelPolicy = { ttlSeconds: null, keepLoaded: false, loadAtStart: false };

export const serving: ServingSettings = {
  loadOnDemand: true,
  requestLog: true,
  allowedHosts: [],
  allowedOrigins: [],
  limits: { maxLoaded: 0, memoryBytes: null, idleSeconds: 3600 },
  networkAddress: '192.168.1.24',
};

export const noStats: GatewayStats = {
  total: {
    requests: 0,
    failed: 0,
    inFlight: 0,
    waiting: 0,
    tokensPerSecond: 0,
    promptTokens: 0,
    completionTokens: 0,
    firstTokenMilliseconds: null,
  },
  models: [],
  refused: 0,
};

export const someKeys: ApiKey[] = [
  { name: 'laptop', lastFour: 'x7Qe', manage: false, createdAt: Date.now() - 9 * 24 * HOUR_MILLISECONDS },
  { name: 'home automation', lastFour: '0b_K', manage: true, createdAt: Date.now() - HOUR_MILLISECONDS },
];

export const someRefusals: Refusal[] = [
  { kind: 'host', value: 'host.docker.internal', count: 14, lastAt: Date.now() - 40_000 },
  {
    kind: 'origin',
    value: 'chrome-extension://ohgikdkbpkfgmmdeljlmhlklcjfjmcgl',
    count: 3,
    lastAt: Date.now() - 420_000,
  },
  { kind: 'key', value: '192.168.1.40', count: 1, lastAt: Date.now() - 3 * HOUR_MILLISECONDS },
];

export class FakeServing {
  private readonly scenario: Scenario;
  private readonly publish: () => void;

  constructor(scenario: Scenario, publish: () => void) {
    this.scenario = scenario;
    this.publish = publish;
  }

  readonly commands = {
    listKeys: () => this.scenario.apiKeys,
    addKey: ({ name, manage }: Args) => {
      if (this.scenario.apiKeys.some(key => key.name === name)) {
        throw {
          code: 'key_exists',
          message: `there is an API key named "${name}" already`,
          details: [],
          hint: 'Take another name, or remove that key first: `paddock key rm NAME`.',
        };
      }
      const key = 'pk-3mX0vVqkq8n1rI7tQ2cJw9yUeZbLhPfDsGaKoT4xN5c';
      this.scenario.apiKeys = [
        ...this.scenario.apiKeys,
        { name: name as string, lastFour: key.slice(-4), manage: manage as boolean, createdAt: Date.now() },
      ];
      this.listen(this.scenario.settings.host, this.scenario.settings.port);
      return { name, key, manage };
    },
    removeKey: ({ name }: Args) => {
      this.scenario.apiKeys = this.scenario.apiKeys.filter(key => key.name !== name);
      this.listen(this.scenario.settings.host, this.scenario.settings.port);
      return null;
    },
    setEndpoint: ({ change }: Args) => {
      const { host, port, ...rest } = change as EndpointChange;
      const { settings, apiKeys } = this.scenario;
      if (host && !host.startsWith('127.') && apiKeys.length === 0) {
        throw {
          code: 'needs_key',
          message: 'other computers may reach the endpoint only with an API key, and there is none',
          details: [],
          hint: 'Make a key first.',
        };
      }
      settings.serving = { ...settings.serving, ...(rest as Partial<ServingSettings>) };
      if (host || port) this.listen(host ?? settings.host, port ?? settings.port);
      return settings;
    },
    setLimits: ({ limits }: Args) => {
      const { settings } = this.scenario;
      settings.serving = { ...settings.serving, limits: limits as ServingLimits };
      return settings;
    },
    listRefusals: () => this.scenario.refusals,
    allowRefused: ({ kind, value }: Args) => {
      const { settings } = this.scenario;
      const list = (kind as RefusalKind) === 'host' ? 'allowedHosts' : 'allowedOrigins';
      settings.serving = { ...settings.serving, [list]: [...settings.serving[list], value as string] };
      this.scenario.refusals = this.scenario.refusals.filter(one => one.value !== value);
      return settings;
    },
    gatewayStats: () => this.scenario.stats,
    setModelPolicy: ({ key, policy }: Args) => {
      const { ttlSeconds, keepLoaded } = policy as ModelPolicy;
      this.scenario.models = this.scenario.models.map(one =>
        one.key === key ? { ...one, policy: policy as ModelPolicy } : one,
      );
      const { snapshot } = this.scenario;
      snapshot.servers = snapshot.servers.map(one =>
        one.key === key ? { ...one, keepLoaded, ttlSeconds: ttlSeconds ?? 3600 } : one,
      );
      this.publish();
      void events.libraryChanged.emit();
      return null;
    },
    addAlias: ({ key, alias, secondEntry }: Args) => {
      if (this.scenario.models.some(one => one.aliases.includes(alias as string))) {
        throw { code: 'alias_taken', message: `${alias} is a name already`, details: [], hint: '' };
      }
      const first = this.scenario.models.find(one => one.key === key);
      if (!first)
        throw { code: 'model_not_found', message: `there is no model ${key}`, details: [], hint: '' };
      const named: Model = secondEntry
        ? { ...first, key: `local/${alias}`, name: alias as string, aliases: [], aliasOf: first.key }
        : { ...first, aliases: [...first.aliases, alias as string] };
      this.scenario.models = secondEntry
        ? [...this.scenario.models, named]
        : this.scenario.models.map(one => (one.key === key ? named : one));
      void events.libraryChanged.emit();
      return named;
    },
    removeAlias: ({ alias }: Args) => {
      this.scenario.models = this.scenario.models
        .filter(one => one.key !== alias)
        .map(one => ({
          ...one,
          aliases: one.aliases.filter(name => name !== alias),
        }));
      void events.libraryChanged.emit();
      return null;
    },
  };

  /** So many requests are answered now, so fast. */
  setLevel(inFlight: number, tokensPerSecond: number): void {
    const { total } = this.scenario.stats;
    this.setStats({
      ...this.scenario.stats,
      total: { ...total, inFlight, waiting: 0, tokensPerSecond, requests: total.requests + inFlight },
    });
  }

  /** What goes through from now on. */
  setStats(stats: GatewayStats): void {
    this.scenario.stats = stats;
    void events.gatewayChanged.emit(structuredClone(stats));
  }

  private listen(host: string, port: number): void {
    const { settings, snapshot } = this.scenario;
    settings.host = host;
    settings.port = port;
    // As the listener does: without a key, this computer alone comes in.
    const narrowed = !host.startsWith('127.') && this.scenario.apiKeys.length === 0;
    snapshot.endpoint = {
      url: `http://${narrowed ? '127.0.0.1' : host}:${port}`,
      listening: true,
      error: narrowed
        ? `only this machine can reach the endpoint: listening on ${host} needs an API key, and there is none; make one, and it opens`
        : null,
    };
    this.publish();
  }
}
