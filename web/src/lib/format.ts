const units = ['B', 'KB', 'MB', 'GB', 'TB'];

/** Decimal units, three significant figures: `0 B`, `999 B`, `1.23 MB`, `45.6 GB`. */
export function formatBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (unit < units.length - 1 && value >= (unit === 0 ? 1000 : 999.5)) {
    value /= 1000;
    ++unit;
  }
  const digits = unit === 0 || value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2;
  return `${value.toFixed(digits)} ${units[unit]}`;
}

export function formatRate(bytesPerSecond: number): string {
  return `${formatBytes(Math.round(bytesPerSecond))}/s`;
}

/** Time left, rounded as a person would say it. */
export function formatLeft(seconds: number): string {
  if (!Number.isFinite(seconds)) return '';
  if (seconds < 1.5) return 'a second left';
  if (seconds < 60) return `${Math.round(seconds)} s left`;
  if (seconds < 3600) return `${Math.round(seconds / 60)} min left`;
  const hours = Math.floor(seconds / 3600);
  return `${hours} h ${Math.round((seconds - hours * 3600) / 60)} min left`;
}

/** A moment said from now: `17:05`, `tomorrow 14:00`, `Friday 14:00`, `3 Dec, 14:00`. */
export function formatMoment(moment: Date, now: Date = new Date()): string {
  const time = moment.toLocaleTimeString('en-GB', { hour: '2-digit', minute: '2-digit' });
  const days = Math.round((midnight(moment) - midnight(now)) / 86_400_000);
  if (days === 0) return time;
  if (days === 1) return `tomorrow ${time}`;
  if (days > 1 && days < 7) return `${moment.toLocaleDateString('en-GB', { weekday: 'long' })} ${time}`;
  return `${moment.toLocaleDateString('en-GB', { day: 'numeric', month: 'short' })}, ${time}`;
}

function midnight(date: Date): number {
  return new Date(date.getFullYear(), date.getMonth(), date.getDate()).getTime();
}

export function countFiles(count: number): string {
  return count === 1 ? '1 file' : `${count} files`;
}

export function percent(done: number, total: number): number {
  if (total <= 0) return 0;
  return Math.min(100, Math.floor((done / total) * 100));
}
