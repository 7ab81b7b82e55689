import { SinkError, type SinkFactory } from './sink';

/** Goes on to the next way when the browser turns out not to allow one. */
export function firstThatOpens(factories: readonly SinkFactory[]): SinkFactory {
  let first = 0;
  return {
    largest: Math.max(...factories.map((factory) => factory.largest)),
    open: async (name, size, type) => {
      for (;;) {
        try {
          return await (factories[first] as SinkFactory).open(name, size, type);
        } catch (error) {
          const other = error instanceof SinkError && error.reason === 'unavailable' && first + 1 < factories.length;
          if (!other) throw error;
          ++first;
        }
      }
    },
  };
}
