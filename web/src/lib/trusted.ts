// The page is served with `require-trusted-types-for 'script'`: script addresses go through a policy that
// only lets our own origin pass.

interface Policy {
  createScriptURL(url: string): unknown;
}

interface Factory {
  createPolicy(name: string, rules: { createScriptURL(url: string): string }): Policy;
}

function ownOrigin(url: string): string {
  const absolute = new URL(url, location.href);
  if (absolute.origin !== location.origin) throw new TypeError('a script of another origin');
  return absolute.href;
}

let policy: Policy | undefined;

export function scriptUrl(url: string): string {
  const factory = (globalThis as { trustedTypes?: Factory }).trustedTypes;
  if (factory === undefined) return ownOrigin(url);
  policy ??= factory.createPolicy('ferry-scripts', { createScriptURL: ownOrigin });
  return policy.createScriptURL(url) as string;
}
