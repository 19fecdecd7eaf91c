// The fake's hub and downloads: a search that pages, and sets of files that come in step by step.
import {
  type DownloadBegun,
  type DownloadRequest,
  events,
  type HubPage,
  type HubQuery,
  type HubRepo,
  type JobView,
  type Model,
} from '../bindings';
import { hubRepos, hubRows } from './hub-data';
import { added } from './models';
import type { Scenario } from './scenarios';

const PAGE = 12;
const SPEED = 12_400_000;
const STEPS = 8;

type Args = Record<string, unknown>;

export class FakeDownloads {
  private next = 1;
  private readonly timers = new Map<string, ReturnType<typeof setTimeout>>();
  private readonly repos: HubRepo[] = structuredClone(hubRepos);
  private readonly scenario: Scenario;

  constructor(scenario: Scenario) {
    this.scenario = scenario;
  }

  readonly commands = {
    searchHub: async ({ query }: Args) => {
      if (this.scenario.slowHub) await new Promise(resolve => setTimeout(resolve, 60_000));
      return this.search(query as HubQuery);
    },
    hubRepo: ({ id: reference }: Args): HubRepo => {
      const { id, named } = readReference(reference as string);
      const repo = this.repos.find(one => one.id.toLowerCase() === id.toLowerCase());
      if (repo) {
        const meant = repo.variants.find(
          one => one.name === named || one.files.some(file => file.path === named),
        );
        return { ...repo, namedVariant: meant?.name ?? null };
      }
      throw {
        code: 'hub_not_found',
        message: `there is no model ${id} on the hub`,
        details: [],
        hint: 'Check the name.',
      };
    },
    downloadModel: ({ request }: Args) => this.start(request as DownloadRequest),
    openedLink: () => null,
    listDownloads: () => this.scenario.jobs,
    pauseDownload: ({ id }: Args) =>
      this.patch(id as string, { state: 'paused', bytesPerSecond: 0, secondsLeft: null }),
    resumeDownload: ({ id }: Args) => {
      this.patch(id as string, { state: 'running', error: null, reason: null });
      this.tick(id as string);
      return null;
    },
    cancelDownload: ({ id }: Args) => this.drop(id as string),
    dismissDownload: ({ id }: Args) => this.drop(id as string),
  };

  /** Its model was removed. */
  forget(key: string): void {
    for (const variant of this.repos.flatMap(repo => repo.variants))
      if (variant.localKey === key) variant.localKey = null;
  }

  private search(query: HubQuery): HubPage {
    const words = query.text.toLowerCase().split(/\s+/).filter(Boolean);
    const by = { trending: 'likes', downloads: 'downloads', likes: 'likes', newest: 'lastModified' } as const;
    const found = hubRows
      .filter(row => words.every(word => row.id.toLowerCase().includes(word)))
      .filter(row => query.author === null || row.author === query.author)
      .filter(row => query.task === null || row.task === query.task);
    if (query.sort !== 'trending') {
      const key = by[query.sort];
      found.sort((a, b) => ((b[key] ?? 0) > (a[key] ?? 0) ? 1 : -1));
    }
    const from = Number(query.cursor ?? 0);
    const rest = found.length > from + PAGE;
    return { repos: found.slice(from, from + PAGE), cursor: rest ? String(from + PAGE) : null };
  }

  private start({ repo: id, variant: name }: DownloadRequest): DownloadBegun {
    const variant =
      this.repos.find(repo => repo.id === id)?.variants.find(one => one.name === name) ?? this.offered(id);
    if (!variant) throw { code: 'hub_not_found', message: `${id} has no ${name}`, details: [], hint: '' };
    const job: JobView = {
      id: `job-${this.next++}`,
      label: `${id}:${name}`,
      state: 'running',
      reason: null,
      error: null,
      downloadedBytes: 0,
      totalBytes: variant.sizeBytes,
      bytesPerSecond: 0,
      secondsLeft: null,
      files: variant.files.map(file => ({
        path: file.path,
        downloadedBytes: 0,
        totalBytes: file.sizeBytes,
        state: 'queued',
      })),
      tag: { kind: 'model', repo: id, variant: name, key: null },
      startedAt: Date.now(),
      finishedAt: null,
    };
    variant.jobId = job.id;
    this.scenario.jobs = [...this.scenario.jobs, job];
    this.publish();
    this.tick(job.id);
    return { jobId: job.id, key: null };
  }

  /** One of the models to begin with. */
  private offered(id: string) {
    const offer = this.scenario.recommendations.find(one => one.repo === id);
    if (!offer) return null;
    const { sizeBytes } = offer;
    return { sizeBytes, jobId: null as string | null, files: [{ path: `${offer.variant}.gguf`, sizeBytes }] };
  }

  private tick(id: string): void {
    clearTimeout(this.timers.get(id));
    this.timers.set(
      id,
      setTimeout(() => {
        const job = this.scenario.jobs.find(one => one.id === id);
        if (job?.state !== 'running') return;
        const total = job.totalBytes ?? 1_000_000_000;
        const downloadedBytes = Math.min(total, job.downloadedBytes + total / STEPS);
        if (downloadedBytes >= total) return this.finish(job);
        let left = downloadedBytes;
        const files: JobView['files'] = job.files.map(file => {
          const here = Math.min(left, file.totalBytes ?? 0);
          left -= here;
          return { ...file, downloadedBytes: here, state: here === file.totalBytes ? 'done' : 'running' };
        });
        this.patch(id, {
          downloadedBytes,
          files,
          bytesPerSecond: SPEED,
          secondsLeft: (total - downloadedBytes) / SPEED,
        });
        this.tick(id);
      }, this.scenario.stepMilliseconds),
    );
  }

  /** It is in the library from now on. */
  private finish(job: JobView): void {
    const { repo, variant } = job.tag;
    const model: Model = { ...added, key: `${repo}-${variant}`.toLowerCase(), name: job.label };
    this.scenario.models = [...this.scenario.models, model];
    const mine = this.repos.find(one => one.id === repo)?.variants.find(one => one.name === variant);
    if (mine) mine.localKey = model.key;
    this.patch(job.id, {
      state: 'done',
      downloadedBytes: job.totalBytes ?? job.downloadedBytes,
      bytesPerSecond: 0,
      secondsLeft: null,
      finishedAt: Date.now(),
      tag: { ...job.tag, key: model.key },
    });
    void events.libraryChanged.emit();
  }

  private patch(id: string, change: Partial<JobView>): null {
    this.scenario.jobs = this.scenario.jobs.map(job => (job.id === id ? { ...job, ...change } : job));
    this.publish();
    return null;
  }

  private drop(id: string): null {
    clearTimeout(this.timers.get(id));
    this.scenario.jobs = this.scenario.jobs.filter(job => job.id !== id);
    this.publish();
    return null;
  }

  private publish(): void {
    void events.downloadsChanged.emit(structuredClone(this.scenario.jobs));
  }
}

/** `owner/repo`, `owner/repo:QUANT`, or a link with a file: as the back end reads them. */
function readReference(text: string): { id: string; named: string | null } {
  const [, linked, file] = /^paddock:\/\/models\/huggingface\/([^?]+)\?file=(.+)$/.exec(text) ?? [];
  if (linked && file) return { id: linked, named: decodeURIComponent(file) };
  const [id = text, named = null] = text.split(':');
  return { id, named };
}
