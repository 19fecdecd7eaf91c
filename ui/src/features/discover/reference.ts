// What somebody may paste into the search: the address of a model's page, `owner/repo`, `owner/repo:Q4_K_M`, or one of
// our own links. What is a name rather than an address is left to the search.

export type Reference = {
  repo: string;
  /** A file or a quantization to bring into view. */
  target: string | null;
};

const NAME = /^[\w][\w.-]{0,95}$/;
/** Pages of the hub that are no models. */
const OTHER_PAGES = new Set([
  'api',
  'blog',
  'chat',
  'collections',
  'datasets',
  'docs',
  'join',
  'learn',
  'login',
  'models',
  'organizations',
  'papers',
  'posts',
  'pricing',
  'settings',
  'spaces',
  'tasks',
  'welcome',
]);
const HOSTS_WITHOUT_SCHEME = /^(?:huggingface\.co|hf\.co|www\.huggingface\.co)\//i;

export function parseReference(input: string): Reference | null {
  const text = input.trim();
  if (/^paddock:\/\//i.test(text)) return fromLink(text);
  if (/^https?:\/\//i.test(text)) return fromUrl(text);
  if (HOSTS_WITHOUT_SCHEME.test(text)) return fromUrl(`https://${text}`);
  const [id = '', quantization, ...rest] = text.split(':');
  if (rest.length > 0 || quantization === '') return null;
  const [owner = '', name = '', ...more] = id.split('/');
  if (more.length > 0) return null;
  return named(owner, name, quantization ?? null);
}

function fromLink(text: string): Reference | null {
  const url = parsed(text);
  if (!url) return null;
  const [, source, owner = '', name = ''] = `${url.host}${url.pathname}`.split('/');
  return source === 'huggingface' ? named(owner, name, url.searchParams.get('file')) : null;
}

function fromUrl(text: string): Reference | null {
  const url = parsed(text);
  if (!url) return null;
  const [owner = '', name = '', view, , ...path] = url.pathname.split('/').filter(Boolean).map(decoded);
  if (OTHER_PAGES.has(owner)) return null;
  const file = (view === 'blob' || view === 'resolve') && path.length > 0 ? path.join('/') : null;
  return named(owner, name, file ?? url.searchParams.get('show_file_info'));
}

function named(owner: string, name: string, target: string | null): Reference | null {
  return NAME.test(owner) && NAME.test(name) ? { repo: `${owner}/${name}`, target } : null;
}

function parsed(text: string): URL | null {
  return URL.canParse(text) ? new URL(text) : null;
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
