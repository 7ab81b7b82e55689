/** Remembers unfinished uploads across reloads, so that choosing the same files again goes on from where
 *  they stopped, under the same link. */

export interface SavedUpload {
  url: string;
  token: string;
}

export interface SavedShare {
  id: string;
  url: string;
  owner_token: string;
  expires_at: string;
}

const uploadPrefix = 'ferry:upload:';
const sharePrefix = 'ferry:share:';
const keepMs = 24 * 3600 * 1000;

export function fileMark(file: File, nth: number): string {
  return [file.name, file.webkitRelativePath, file.type, file.size, file.lastModified, nth].join('\u0001');
}

/** One mark per file; files that look alike are told apart by their place. */
export function fileMarks(files: readonly File[]): string[] {
  const seen = new Map<string, number>();
  return files.map((file) => {
    const plain = fileMark(file, 0);
    const nth = seen.get(plain) ?? 0;
    seen.set(plain, nth + 1);
    return fileMark(file, nth);
  });
}

function read<T>(key: string): T | null {
  try {
    const text = localStorage.getItem(key);
    if (text === null) return null;
    const { saved, value } = JSON.parse(text) as { saved: number; value: T };
    if (Date.now() - saved < keepMs) return value;
    localStorage.removeItem(key);
  } catch {
    // Storage is off or full: resuming after a reload is a convenience.
  }
  return null;
}

function write(key: string, value: unknown): void {
  try {
    localStorage.setItem(key, JSON.stringify({ saved: Date.now(), value }));
  } catch {
    // As above.
  }
}

function drop(key: string): void {
  try {
    localStorage.removeItem(key);
  } catch {
    // As above.
  }
}

export const resumeStore = {
  upload: (mark: string): SavedUpload | null => read(uploadPrefix + mark),
  saveUpload: (mark: string, value: SavedUpload): void => write(uploadPrefix + mark, value),
  dropUpload: (mark: string): void => drop(uploadPrefix + mark),
  share: (marks: readonly string[]): SavedShare | null => read(sharePrefix + marks.join('\u0002')),
  saveShare: (marks: readonly string[], value: SavedShare): void => write(sharePrefix + marks.join('\u0002'), value),
  dropShare: (marks: readonly string[]): void => drop(sharePrefix + marks.join('\u0002')),
};
