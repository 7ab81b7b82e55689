import { firstThatOpens } from './first';
import { memoryFactory } from './memory';
import { opfsFactory } from './opfs';
import { downloadFactory } from './service-worker';
import type { SinkFactory } from './sink';

let chosen: Promise<SinkFactory> | undefined;

/** The best way this browser has to save without holding a file in memory. Safari ends service workers under a
 *  running download, so the private file system comes first there. */
export function defaultFactory(): Promise<SinkFactory> {
  chosen ??= choose();
  return chosen;
}

async function choose(): Promise<SinkFactory> {
  const safari = navigator.vendor.startsWith('Apple');
  const made = await Promise.all([downloadFactory(), opfsFactory()]);
  const usable = (safari ? made.reverse() : made).filter((factory) => factory !== null);
  return firstThatOpens([...usable, memoryFactory()]);
}
