// The peer of the upload benchmarks: @tus/server with its file store, as its README shows it.
// Note that it acknowledges what the page cache holds: it never calls fsync.
import http from 'node:http';

import { FileStore } from '@tus/file-store';
import { Server } from '@tus/server';

const tus = new Server({ path: '/api/uploads', datastore: new FileStore({ directory: process.argv[2] }) });
const server = http.createServer((req, res) => tus.handle(req, res));
server.listen(0, '127.0.0.1', () => console.log(`ready at http://127.0.0.1:${server.address().port}`));
process.on('SIGTERM', () => process.exit(0));
