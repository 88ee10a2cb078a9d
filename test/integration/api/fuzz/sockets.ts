import { connect } from 'node:net';

/** What is written to a connection, piece by piece, and whether the sender then closes its side. */
export interface Conversation {
  name: string;
  pieces: readonly (string | Buffer)[];
  /** Between the pieces. */
  pauseMs?: number;
  /** Otherwise it goes silent, and the server has to end the connection. */
  closes: boolean;
}

const POST = 'POST /v1/loan-applications HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n';
const GET = 'GET /healthz HTTP/1.1\r\nHost: x\r\n';
const chunked = `${POST}Transfer-Encoding: chunked\r\n\r\n`;

/** HTTP that is broken, or that lies. */
export const brokenConversations: Conversation[] = (
  [
    ['nothing at all', ''],
    ['no HTTP', 'NONSENSE\r\n\r\n'],
    ['the start of TLS', Buffer.from('16030100050100000100', 'hex')],
    ['HTTP/0.9', 'GET /healthz\r\n\r\n'],
    ['HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
    ['HTTP/9.9', 'GET /healthz HTTP/9.9\r\nHost: x\r\n\r\n'],
    ['no host', 'GET /healthz HTTP/1.1\r\n\r\n'],
    ['two hosts', `${GET}Host: y\r\n\r\n`],
    ['a whole address', 'GET http://elsewhere/healthz HTTP/1.1\r\nHost: x\r\n\r\n'],
    ['a tunnel', 'CONNECT elsewhere:443 HTTP/1.1\r\nHost: x\r\n\r\n'],
    ['an upgrade', `${GET}Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n`],
    ['all addresses', 'OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n'],
    ['no address', 'GET  HTTP/1.1\r\nHost: x\r\n\r\n'],
    ['an address with a NUL', 'GET /v1/loans/\0 HTTP/1.1\r\nHost: x\r\n\r\n'],
    [
      'an address of raw bytes',
      Buffer.from('474554202fc3a9ff20485454502f312e310d0a486f73743a20780d0a0d0a', 'hex'),
    ],
    ['an address of 60 kB', `GET /${'a'.repeat(60_000)} HTTP/1.1\r\nHost: x\r\n\r\n`],
    ['a header of 60 kB', `${GET}X: ${'a'.repeat(60_000)}\r\n\r\n`],
    ['five thousand headers', `${GET}${'X: y\r\n'.repeat(5_000)}\r\n`],
    ['a header without a name', `${GET}: y\r\n\r\n`],
    ['a header with a NUL', `${GET}X: a\0b\r\n\r\n`],
    ['a folded header', `${GET}X: a\r\n b\r\n\r\n`],
    ['an expectation that nobody knows', `${GET}Expect: a-wonder\r\n\r\n`],
    ['a body that is longer than it says', `${POST}Content-Length: 2\r\n\r\n{"a":1}`],
    ['a body that is shorter than it says', `${POST}Content-Length: 1000\r\n\r\n{"a":1}`],
    ['a negative length', `${POST}Content-Length: -1\r\n\r\n{}`],
    ['a length beyond all numbers', `${POST}Content-Length: ${'9'.repeat(30)}\r\n\r\n{}`],
    ['two lengths', `${POST}Content-Length: 2\r\nContent-Length: 3\r\n\r\n{} `],
    ['a length and chunks', `${POST}Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`],
    ['an unknown coding', `${POST}Transfer-Encoding: gzip, x\r\n\r\n{}`],
    ['a chunk that is shorter than it says', `${chunked}fff\r\n{}\r\n0\r\n\r\n`],
    ['a chunk that is longer than it says', `${chunked}1\r\n{}\r\n0\r\n\r\n`],
    ['a chunk without a size', `${chunked}\r\n{}\r\n0\r\n\r\n`],
    ['a chunk of a size beyond all numbers', `${chunked}${'f'.repeat(40)}\r\n{}\r\n`],
    ['chunks without an end', `${chunked}2\r\n{}\r\n`],
    ['a chunk extension of 60 kB', `${chunked}2;${'a'.repeat(60_000)}\r\n{}\r\n0\r\n\r\n`],
    ['a trailer of 60 kB', `${chunked}0\r\nX: ${'a'.repeat(60_000)}\r\n\r\n`],
    ['fifty requests at once', `${GET}\r\n`.repeat(50)],
  ] as [string, string | Buffer][]
).map(([name, piece]) => ({ name, pieces: [piece], closes: true }));

/** Senders that hold a connection and do not get on. */
export const slowConversations: Conversation[] = [
  { name: 'a request line that never ends', pieces: ['GET /'], closes: false },
  {
    name: 'headers that come one by one',
    pieces: [GET, ...Array<string>(400).fill('X: y\r\n')],
    pauseMs: 200,
    closes: false,
  },
  { name: 'a body that never comes', pieces: [`${POST}Content-Length: 10\r\n\r\n`], closes: false },
  {
    name: 'a body that comes byte by byte',
    pieces: [`${POST}Content-Length: 500\r\n\r\n`, ...Array<string>(400).fill(' ')],
    pauseMs: 200,
    closes: false,
  },
];

/** Says all of it, and gives what came back when the server has ended the connection, however it did. */
export function converse(port: number, { pieces, pauseMs = 0, closes }: Conversation): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    let [answer, sent] = ['', 0];
    let timer: NodeJS.Timeout | undefined;
    const sayNext = (): void => {
      if (sent < pieces.length) {
        socket.write(pieces[sent++]!);
        timer = setTimeout(sayNext, pauseMs);
      } else if (closes) socket.end();
    };
    socket.on('connect', sayNext);
    socket.on('data', (data) => (answer += data.toString('latin1')));
    socket.on('end', () => socket.destroy());
    // The server may break the connection while it is written to: that is an answer, too.
    socket.on('error', () => socket.destroy());
    socket.on('close', () => {
      clearTimeout(timer);
      resolve(answer);
    });
  });
}

/** The statuses of all answers on a connection. */
export const statusesIn = (answer: string): number[] =>
  [...answer.matchAll(/^HTTP\/1\.1 (\d{3}) /gm)].map(([, status]) => Number(status));
