// Names of hosts and origins of pages, as they are typed.

/** A name without scheme, port or path. */
export function isHostName(text: string): boolean {
  return /^(?=.{1,253}$)[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*$/i.test(text);
}

/** `https://chat.example.org`, also from an address with a path; `null` where it is none. */
export function originOf(text: string): string | null {
  if (!/^[a-z][a-z0-9+.-]*:\/\/[^/\s]+\/?$/i.test(text) || !URL.canParse(text)) return null;
  const { protocol, host, origin } = new URL(text);
  if (!host) return null;
  // Extensions have origins that `URL` calls opaque.
  return origin === 'null' ? `${protocol}//${host}` : origin;
}
