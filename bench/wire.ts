// HTTP/1.1 over one kept-alive socket, as little of it as a load generator needs: its own cost must not be what is measured.
import { connect, type Socket } from 'node:net';

/** `location`: where a redirect leads. */
export type Answer = { status: number; body: string; location: string | undefined };
type Heard = (answer: Answer | undefined) => void;

/** No answer within this time is counted as none. */
const TIMEOUT_MS = 30_000;

/** A connection to a gateway on this machine; one request at a time. */
export class Wire {
  private socket: Socket | undefined;
  private heard: Heard | undefined;
  private parts: Buffer[] = [];
  private held = 0;
  private needed = 0;
  private status = 0;
  private location: string | undefined;
  private headEnd = 0;
  private readonly port: number;

  constructor(port: number) {
    this.port = port;
  }

  /** Sends; `heard` gets the answer, or undefined when there is none (refused, broken, timed out). */
  send(request: string, heard: Heard): void {
    this.heard = heard;
    this.socket ??= this.open();
    this.socket.write(request, 'latin1');
  }

  /** The same as a promise. */
  ask(request: string): Promise<Answer | undefined> {
    return new Promise((resolve) => this.send(request, resolve));
  }

  close(): void {
    this.socket?.destroy();
    this.socket = undefined;
  }

  private open(): Socket {
    const socket = connect({ host: '127.0.0.1', port: this.port, noDelay: true });
    socket.setTimeout(TIMEOUT_MS, () => socket.destroy());
    socket.on('data', (chunk) => this.take(chunk));
    socket.on('error', () => {});
    socket.on('close', () => {
      if (this.socket === socket) this.socket = undefined;
      this.finish(undefined);
    });
    return socket;
  }

  private take(chunk: Buffer): void {
    this.parts.push(chunk);
    this.held += chunk.length;
    if (!this.needed && !this.readHead()) return;
    if (this.held < this.needed) return;
    const body = this.whole().toString('utf8', this.headEnd, this.needed);
    this.finish({ status: this.status, body, location: this.location });
  }

  private readHead(): boolean {
    const bytes = this.whole();
    const end = bytes.indexOf('\r\n\r\n');
    if (end < 0) return false;
    const head = bytes.toString('latin1', 0, end);
    const length = /\r\ncontent-length: *(\d+)/i.exec(head);
    if (!length) {
      this.close(); // chunked: none of the answers measured here is
      return false;
    }
    this.status = Number(head.slice(9, 12));
    this.location = this.status >= 300 && this.status < 400 ? /\r\nlocation: *(\S+)/i.exec(head)?.[1] : undefined;
    this.headEnd = end + 4;
    this.needed = this.headEnd + Number(length[1]);
    return true;
  }

  private whole(): Buffer {
    if (this.parts.length > 1) this.parts = [Buffer.concat(this.parts)];
    return this.parts[0]!;
  }

  private finish(answer: Answer | undefined): void {
    this.parts = [];
    this.held = 0;
    this.needed = 0;
    const { heard } = this;
    this.heard = undefined;
    heard?.(answer);
  }
}

/** The bytes of one request. `token`: a bearer token, or credentials of another scheme as the header has them (Basic …). */
export function request(method: string, path: string, token: string | undefined, body?: unknown): string {
  const text = body === undefined ? '' : JSON.stringify(body);
  const auth = token ? `Authorization: ${token.includes(' ') ? token : `Bearer ${token}`}\r\n` : '';
  const type = text ? 'Content-Type: application/json\r\n' : '';
  return `${method} ${path} HTTP/1.1\r\nHost: localhost\r\n${auth}${type}Content-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`;
}
