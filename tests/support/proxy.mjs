// A TCP gate in front of the server that can cut the signaling sockets.
import { once } from 'node:events';
import net from 'node:net';

export class Proxy {
  static async start(t, port) {
    const proxy = new Proxy();
    proxy.pairs = new Set();
    proxy.refuse = false;
    proxy.onServerData = null;
    proxy.server = net.createServer((client) => {
      const upstream = net.connect(port, '127.0.0.1');
      const pair = { client, upstream, signaling: false };
      proxy.pairs.add(pair);
      const end = () => { client.destroy(); upstream.destroy(); proxy.pairs.delete(pair); };
      client.on('data', (data) => {
        if (data.includes('GET /api/signal')) {
          pair.signaling = true;
          if (proxy.refuse) { end(); return; }
        }
        upstream.write(data);
      });
      upstream.on('data', (data) => {
        if (pair.signaling && proxy.onServerData?.(data, pair) === false) return;
        client.write(data);
      });
      for (const socket of [client, upstream]) { socket.on('close', end); socket.on('error', end); }
    });
    proxy.server.listen(0, '127.0.0.1');
    await once(proxy.server, 'listening');
    proxy.port = proxy.server.address().port;
    proxy.url = `http://127.0.0.1:${proxy.port}`;
    t.after(() => { proxy.cut(() => true); proxy.server.close(); });
    return proxy;
  }

  /** Destroys the connections that `which` picks (default: the signaling sockets); how many. */
  cut(which = (pair) => pair.signaling) {
    let n = 0;
    for (const pair of [...this.pairs]) {
      if (which(pair)) { pair.client.destroy(); pair.upstream.destroy(); this.pairs.delete(pair); n += 1; }
    }
    return n;
  }
}
