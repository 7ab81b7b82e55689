import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import type { Plugin } from 'vite';

const compressible = /\.(html|js|css|svg|json|wasm|webmanifest|txt)$/;

/** Writes `.br` and `.gz` beside every text asset, so that the server never compresses. */
export function precompress(): Plugin {
  let out = 'dist';
  return {
    name: 'ferry-precompress',
    apply: 'build',
    configResolved(config) {
      out = config.build.outDir;
    },
    async closeBundle() {
      const names = await readdir(out, { recursive: true });
      for (const name of names) {
        const path = join(out, name);
        if (!compressible.test(name) || !(await stat(path)).isFile()) continue;
        const bytes = await readFile(path);
        const brotli = await promisify(brotliCompress)(bytes, {
          params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length },
        });
        const gzipped = await promisify(gzip)(bytes, { level: 9 });
        await writeFile(`${path}.br`, brotli);
        await writeFile(`${path}.gz`, gzipped);
      }
    },
  };
}
