// A proxy that writes down what it is asked for and then hangs up.
import { once } from 'node:events';
import net, { type AddressInfo } from 'node:net';

/** `seen`: the first line of each request. `url`: what `https_proxy` is set to. */
export async function startProxy(): Promise<{ url: string; seen: string[]; stop(): Promise<unknown> }> {
  const seen: string[] = [];
  const server = net.createServer((socket) => {
    socket.on('error', () => {});
    socket.once('data', (bytes) => {
      seen.push(String(bytes).split('\r\n')[0]!);
      socket.destroy();
    });
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, seen, stop: () => new Promise((done) => server.close(done)) };
}
