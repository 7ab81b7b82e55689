const reserved = /^(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(\.|$)/i;

/** The name under which a file is saved. What the other side sent is never trusted: folders, control
 *  characters, bidi overrides, characters that no file system takes, and device names go. */
export function safeName(name: string): string {
  const last = name.split(/[/\\]/).filter((part) => part !== '').pop() ?? '';
  let safe = last
    .replace(/[\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]/g, '')
    .replace(/[<>:"|?*]/g, '_')
    .replace(/^\s+|[\s.]+$/g, '');
  if (reserved.test(safe)) safe = `_${safe}`;
  if (safe === '') safe = 'file';
  return shorten(safe, 200);
}

/** Safe names, each used once: a name met again becomes `name (2).txt`. Case does not distinguish. */
export function savedNames(names: readonly string[]): string[] {
  const safe = names.map(safeName);
  const taken = new Set<string>();
  return safe.map((name) => {
    let candidate = name;
    for (let n = 2; taken.has(candidate.toLowerCase()); ++n) candidate = numbered(name, n);
    taken.add(candidate.toLowerCase());
    return candidate;
  });
}

export function numbered(name: string, n: number): string {
  const { stem, extension } = split(name);
  return `${stem} (${n})${extension}`;
}

function split(name: string): { stem: string; extension: string } {
  const tar = /^(.+)(\.tar\.[a-z0-9]{1,4})$/i.exec(name);
  if (tar) return { stem: tar[1] ?? name, extension: tar[2] ?? '' };
  const dot = name.lastIndexOf('.');
  if (dot <= 0) return { stem: name, extension: '' };
  return { stem: name.slice(0, dot), extension: name.slice(dot) };
}

function shorten(name: string, bytes: number): string {
  const encoder = new TextEncoder();
  if (encoder.encode(name).length <= bytes) return name;
  const { stem, extension } = split(name);
  const kept = encoder.encode(extension).length <= 40 ? extension : '';
  let characters = [...(kept === '' ? name : stem)];
  while (characters.length > 1 && encoder.encode(characters.join('') + kept).length > bytes) {
    characters = characters.slice(0, -1);
  }
  return characters.join('') + kept;
}
