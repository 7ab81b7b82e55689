/** Files as the person chose them, with their path inside a chosen folder. */
const paths = new WeakMap<File, string>();

export function pathOf(file: File): string {
  return paths.get(file) ?? (file.webkitRelativePath || file.name);
}

interface Entry {
  isFile: boolean;
  isDirectory: boolean;
  fullPath: string;
  file(done: (file: File) => void, failed: (error: unknown) => void): void;
  createReader(): { readEntries(done: (entries: Entry[]) => void, failed: (error: unknown) => void): void };
}

/** Everything in a drop or paste, folders walked. Must be called synchronously in the event. */
export function filesOf(transfer: DataTransfer): Promise<File[]> {
  const entries: Entry[] = [];
  const loose: File[] = [];
  for (const item of Array.from(transfer.items)) {
    if (item.kind !== 'file') continue;
    const entry = item.webkitGetAsEntry?.() as Entry | null;
    if (entry) entries.push(entry);
    else {
      const file = item.getAsFile();
      if (file) loose.push(file);
    }
  }
  if (entries.length === 0) return Promise.resolve(loose.length > 0 ? loose : Array.from(transfer.files));
  return walk(entries).then((found) => [...found, ...loose]);
}

async function walk(entries: Entry[]): Promise<File[]> {
  const files: File[] = [];
  for (const entry of entries) {
    if (entry.isFile) {
      const file = await new Promise<File>((resolve, reject) => entry.file(resolve, reject));
      paths.set(file, entry.fullPath.replace(/^\//, ''));
      files.push(file);
    } else if (entry.isDirectory) {
      const reader = entry.createReader();
      for (;;) {
        const some = await new Promise<Entry[]>((resolve, reject) => reader.readEntries(resolve, reject));
        if (some.length === 0) break;
        files.push(...(await walk(some)));
      }
    }
  }
  return files;
}

/** Text from the clipboard becomes a file of its own. */
export function textFile(text: string): File {
  return new File([text], 'Pasted text.txt', { type: 'text/plain;charset=utf-8' });
}
