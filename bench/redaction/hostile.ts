import { loadavg } from 'node:os'
import { checkText } from '../../src/redaction/index.ts'

const UNITS = 200_000
const TRIES = 3
const SUSPECT_TRIES = 15
const SUSPECT = 2.3
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
    'password aaa1 ',
    'kind: Secret\n',
    ':5432:',
    '(at)',
    'LS0tLS1CRUdJTi',
    'X_KEY: {',
    'пароль: a1',
    'A=abcdefgh123456',
    '1234567890 ',
    '1234567-4 ruc ',
    '7408122F1204159',
    'P<UTOA<<B<',
    '://user:pass@a.b ',
    'cédula 0102030400,',
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
    'password,b\n',
    'password  ',
    `api_key${' '.repeat(40)}`,
    'token|',
    'X_KEY1=a1',
    'password: &quot;',
    'identified by a1',
    'openai("a1b2c3d4e5f6g7',
    '\u001b[1m',
    'unseal key 1: a1',
    '1|a',
    '.aaaaaa:aaaaaaaa',
    'aaaaaaaa.aaaaaaaaaaaaaaaaaaaaaaaa.',
    'abcd.abcdefghij',
    'abcdef-12345678-a',
    '1-aaaaaaaaaaaaaaaaaaaa',
    '.CAISa',
    '.IQoJb3JpZ2lu',
    ' v2/aaaaaaaa',
    ' sk-a-A1',
    ' sk_A1a',
    'syt_a_',
    'a:|eyJ2MiI6',
    'Atza|a',
    ' u+aaaaaa',
    'aact_prod_',
    'v4.local.a',
    '1.Aaaaa.Ag',
    '-123456789abc:12345678',
    'secret-token:a1',
    'api_key is a1b2c3d4 ',
    'api_key,a1b2c3d4e5,',
    " -p'a",
    '| user | password |\n',
    '(name, password) values (',
    '%41%42',
    'key is ',
    '{"a":"b@"}\n',
    'data: {"a":"4111 "}\n',
    'data: {"a":"b"}}} }\t}',
    '[{"type":"text","text":"a@"},{"t',
    // What is escaped is looked at as what it says.
    'key=\\u0022a',
    'password\\": \\"a1b2c3d4\\n',
    '\\\\n_key\\\\n',
    'api_key: \\\\\\"a1b2c3d4\\',
    'kind: Secret\\ndata:\\n a: b\\n',
    'postgres:\\/\\/a:b1%41@',
    'a,nhs_number\n9434765919,9434765919\n',
    'hgetall a\npassword\n',
  ],
]

function cpuMillisOf(text: string): number {
  const begin = process.cpuUsage()
  checkText(text)
  const { user, system } = process.cpuUsage(begin)
  return (user + system) / 1000
}

/** Each length by turns, by processor time: what else the machine does disturbs all alike. */
function millisBySize(brick: string, sizes: readonly number[], tries: number): number[][] {
  const texts = sizes.map((units) => brick.repeat(Math.ceil(units / brick.length)))
  const millis = texts.map((): number[] => [])
  for (let attempt = 0; attempt < tries; attempt++) for (const [index, text] of texts.entries()) millis[index]?.push(cpuMillisOf(text))
  return millis.map((all) => all.sort((x, y) => x - y))
}

/**
 * `growth`: t(2n)/t(n) by the least of each. Of a suspect, whose garbage may have been collected in one and not in the other, the mean of
 * three doublings by the medians of many.
 */
function growthOf(brick: string): { readonly single: number; readonly growth: number } {
  const [[single = 0] = [], [double = 0] = []] = millisBySize(brick, [UNITS, 2 * UNITS], TRIES)
  if (double / single <= SUSPECT) return { single, growth: double / single }
  const all = millisBySize(brick, [UNITS, 2 * UNITS, 4 * UNITS, 8 * UNITS], SUSPECT_TRIES)
  const [least = 0, , , most = 0] = all.map((millis) => millis[millis.length >> 1] ?? 0)
  return { single: least, growth: Math.cbrt(most / least) }
}

/** How time grows with hostile text: t(2n)/t(n) of texts that repeat what makes rules look further. */
export function benchHostile(): void {
  console.log(
    `Node ${process.version}, load ${loadavg()[0]?.toFixed(1)}, ${UNITS} and ${2 * UNITS} units, processor time, least of ${TRIES}`,
  )
  let worst = 0
  for (const brick of BRICKS) {
    const { single, growth } = growthOf(brick)
    worst = Math.max(worst, growth)
    console.log(`${JSON.stringify(brick).slice(0, 40).padEnd(42)} ${single.toFixed(1).padStart(7)} ms  t(2n)/t(n) ${growth.toFixed(2)}`)
  }
  console.log(`worst t(2n)/t(n) ${worst.toFixed(2)}`)
}
