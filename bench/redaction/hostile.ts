import { loadavg } from 'node:os'
import { checkText } from '../../src/redaction/index.ts'

const UNITS = 200_000
const TRIES = 3
const BRICKS = [
  ...['@', 'a@', 'x@y.io', 'bob@example', '://', 'a://', 'a://b:c@', ':@', 'eyJ', '.eyJ', 'eyJa.', 'ops_eyJa7', 'sk-or-v1-', 'tvly-'],
  ...[
    '-----BEGIN A',
    '-----BEGIN PRIVATE KEY-----',
    '-----END PRIVATE KEY-----',
    '---- BEGIN SSH2 A PRIVATE KEY ----',
    '4111 ',
    '4111-',
    '411111',
  ],
  ...[
    'password=',
    'token="',
    'cookie: a=',
    'authorization: ',
    'Bearer ',
    'basic aaa',
    '\\u0040',
    '\\/',
    '\\\\',
    '"',
    '[',
    '{"a":',
    '["a","b",',
  ],
  ...['{"name":"cookie",', '<email:', '<email:aaaaaaaaaaaa>', '%40', '%3C', 'abc8Q~a7K', '0-us1', '\ndata: {"a":"password="}', 'a'],
  ...[
    '1234567890 ',
    '123-45-6789 ',
    '+1',
    '(415) ',
    'a1:b2:',
    '::',
    '1.2.3.4 ',
    'DE89',
    '0x5aAeb6053F3E',
    'QUJDREVGR0hJSktMTU5P',
    'QUJDREVGR0hJSktM+/',
    'seed phrase: abc ',
    'abcde ',
    'dob ',
    'lat: 1.2345, ',
    '--token x',
    '--password=',
    'curl -u a:',
    '%41%42',
    'key is ',
  ],
]

/** The least of some tries: the others were disturbed. */
function millisOf(text: string): number {
  let least = Infinity
  for (let attempt = 0; attempt < TRIES; attempt++) {
    const begin = performance.now()
    checkText(text)
    least = Math.min(least, performance.now() - begin)
  }
  return least
}

/** How time grows with hostile text: t(2n)/t(n) of texts that repeat what makes rules look further. */
export function benchHostile(): void {
  console.log(`Node ${process.version}, load ${loadavg()[0]?.toFixed(1)}, ${UNITS} and ${2 * UNITS} units, least of ${TRIES}`)
  let worst = 0
  for (const brick of BRICKS) {
    const single = millisOf(brick.repeat(Math.ceil(UNITS / brick.length)))
    const double = millisOf(brick.repeat(Math.ceil((2 * UNITS) / brick.length)))
    worst = Math.max(worst, double / single)
    console.log(
      `${JSON.stringify(brick).slice(0, 40).padEnd(42)} ${(UNITS / 1e3 / single).toFixed(0).padStart(4)} MB/s  t(2n)/t(n) ${(double / single).toFixed(2)}`,
    )
  }
  console.log(`worst t(2n)/t(n) ${worst.toFixed(2)}`)
}
