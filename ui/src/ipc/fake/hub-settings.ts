// The fake's settings of the hub. A token goes in and does not come out.
import type { DownloadLimits, HubSettings } from '../bindings';
import type { Scenario } from './scenarios';

type Args = Record<string, unknown>;

export class FakeHubSettings {
  private readonly scenario: Scenario;

  constructor(scenario: Scenario) {
    this.scenario = scenario;
  }

  readonly commands = {
    setHubToken: ({ token }: Args) =>
      this.patch({
        tokenSet: token !== null,
        tokenSource: token === null ? null : 'settings',
        tokenKept: token === null ? null : 'keychain',
      }),
    setHubEndpoint: ({ endpoint }: Args) => this.patch({ endpoint: endpoint as string | null }),
    setDownloadLimits: ({ limits }: Args) => this.patch(limits as DownloadLimits),
  };

  private patch(change: Partial<HubSettings>): Scenario['settings'] {
    const { settings } = this.scenario;
    settings.hub = { ...settings.hub, ...change };
    return settings;
  }
}
