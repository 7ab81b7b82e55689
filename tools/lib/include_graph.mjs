// Checks the include graph of core/ and plugins/ against the layers of docs/design/architecture.md.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';

// folder → folders of core/ that it may include besides itself and <ferry/…>
const allowed = {
  'core/include/ferry': [],
  'core/base': [],
  'core/config': ['base'],
  'core/plugin': ['base', 'config'],
  'core/runtime': ['base', 'config'],
  'core/net': ['base', 'config', 'runtime'],
  'core/http': ['base', 'config', 'runtime', 'net', 'websocket'],
  'core/websocket': ['base', 'config', 'runtime', 'net', 'http'],
  'core/transfers': ['base', 'config', 'runtime', 'websocket'],
  'core/shares': ['base', 'config', 'runtime'],
  'core/api': ['base', 'config', 'runtime', 'net', 'http', 'websocket', 'transfers', 'shares'],
  'core/cli': ['base', 'config', 'plugin', 'runtime', 'net', 'http', 'websocket', 'transfers', 'shares', 'api'],
  core: ['cli'],
};
// third-party library → where it may be included
const owners = [
  [/^yaml-cpp\//, /^core\/config\//],
  [/^spdlog\//, /^core\/runtime\//],
  [/^boost\/dll/, /^core\/plugin\//],
  [/^boost\/beast/, /^core\/(net|http|websocket)\//],
  [/^openssl\//, /^core\/(base|net)\/|^plugins\/tls\//],
  [/^sqlite3\.h/, /^plugins\/sqlite\//],
];
// the public headers: the standard library, Asio core and Boost.System only
const publicOnly = /^(ferry\/|boost\/(asio|system|version)|[a-z_]+$|unistd\.h$)/;
// pure folders and files never see Asio
const noAsio = /^core\/base\//;

const files = execFileSync('git', ['ls-files', '-co', '--exclude-standard', 'core', 'plugins'], { encoding: 'utf8' })
  .split('\n').filter((f) => /\.(cpp|hpp)$/.test(f));
let bad = 0;
const complain = (file, line, text) => { bad += 1; console.error(`${file}:${line}: ${text}`); };

for (const file of files) {
  const folder = file.startsWith('core/include/ferry') ? 'core/include/ferry'
    : file.startsWith('core/') ? path.dirname(file).split('/').slice(0, 2).join('/') : path.dirname(file);
  readFileSync(file, 'utf8').split('\n').forEach((text, i) => {
    const match = /^\s*#\s*include\s*([<"])([^>"]+)[>"]/.exec(text);
    if (!match) return;
    const [, kind, target] = match;
    const line = i + 1;
    for (const [library, where] of owners) {
      if (library.test(target) && !where.test(file)) complain(file, line, `${target} may only be included by ${where}`);
    }
    if (folder === 'core/include/ferry' && !publicOnly.test(target)) {
      complain(file, line, `${target} leaks into the public headers`);
    }
    if (noAsio.test(file) && target.startsWith('boost/asio')) complain(file, line, 'base/ does no I/O');
    if (kind !== '"') return;
    if (file.startsWith('plugins/')) {
      if (target.includes('..') || /^(base|config|plugin|runtime|net|http|websocket|transfers|shares|api|cli)\//.test(target)) {
        complain(file, line, `a plugin includes only <ferry/…> and its own folder, not ${target}`);
      }
      return;
    }
    const layer = target.split('/')[0];
    const own = folder.replace(/^core\//, '');
    if (!target.includes('/')) { complain(file, line, `write the folder: "${own}/${target}"`); return; }
    if (layer !== own && !(allowed[folder] ?? []).includes(layer)) complain(file, line, `${folder} may not include ${layer}/`);
  });
}
// plugin names in core
for (const file of files.filter((f) => f.startsWith('core/') && !f.startsWith('core/include'))) {
  readFileSync(file, 'utf8').split('\n').forEach((text, i) => {
    if (/"(sqlite|filesystem|redis|postgres|s3)"/.test(text)) complain(file, i + 1, 'core names a plugin');
  });
}
if (bad) process.exit(1);
console.log(`include graph: ${files.length} files follow the layers`);
