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
  const order = safari ? [opfsFactory, downloadFactory] : [downloadFactory, opfsFactory];
  for (const make of order) {
    const factory = await make();
    if (factory !== null) return factory;
  }
  return memoryFactory();
}
