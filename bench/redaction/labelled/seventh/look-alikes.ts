import type { Chance } from '../random.ts'
import { luhnDigit } from './check-digits.ts'
import { CLEAN_TEXTS } from './clean-texts.ts'
import { iban } from './people-money.ts'
import { call, json, stamp, toolu } from './places-shell.ts'
import { b64, type Case } from './shapes.ts'

type Clean = readonly [kind: string, make: (c: Chance) => string]

/** A number of 16 digits that fails the Luhn check. */
function badCard(c: Chance): string {
  const body = `4539${c.digits(11)}`
  return `${body}${(luhnDigit(body) + 1 + c.below(8)) % 10}`
}
function badIban(c: Chance): string {
  const right = iban('DE', c)
  return `DE${String(((Number(right.slice(2, 4)) + 13) % 89) + 2).padStart(2, '0')}${right.slice(4)}`
}
const ulid = (c: Chance): string => `01J${c.run('0123456789ABCDEFGHJKMNPQRSTVWXYZ', 23)}`
const floats = (c: Chance, count: number): number[] => Array.from({ length: count }, () => Number((c.next() * 2 - 1).toFixed(8)))
const png = (c: Chance): string =>
  b64(Buffer.concat([Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex'), Buffer.from(c.run('H', 240), 'hex')]))

const MADE: readonly Clean[] = [
  ['UUID', (c) => json({ request_id: c.uuid(), parent_id: c.uuid(), status: 'ok' })],
  ['UUID in a path', (c) => `GET /v2/orders/${c.uuid()}/lines 200 18ms`],
  ['ULID', (c) => `job ${ulid(c)} finished, next ${ulid(c)}`],
  ['trace context', (c) => `traceparent: 00-${c.run('H', 32)}-${c.run('H', 16)}-01`],
  ['span', (c) => json({ traceId: c.run('H', 32), spanId: c.run('H', 16), parentSpanId: c.run('H', 16), name: 'chat', kind: 3 })],
  [
    'OpenAI response id',
    (c) => json({ id: `chatcmpl-${c.run('A', 29)}`, object: 'chat.completion', system_fingerprint: `fp_${c.run('H', 10)}` }),
  ],
  ['OpenAI responses ids', (c) => json({ id: `resp_${c.run('H', 48)}`, output: [{ id: `msg_${c.run('H', 48)}`, type: 'message' }] })],
  [
    'Anthropic message id',
    (c) => json({ id: `msg_01${c.run('A', 22)}`, type: 'message', model: 'claude-sonnet-4-5-20250929', role: 'assistant' }),
  ],
  ['request id header', (c) => `request-id: req_011C${c.run('A', 20)}\ncf-ray: ${c.run('H', 16)}-FRA`],
  [
    'tool call ids',
    (c) =>
      json([
        { id: call(c), type: 'function', function: { name: 'list_files', arguments: '{"path":"."}' } },
        { id: toolu(c), type: 'tool_use' },
      ]),
  ],
  [
    'assistant and thread ids',
    (c) => json({ thread_id: `thread_${c.run('A', 24)}`, run_id: `run_${c.run('A', 24)}`, assistant_id: `asst_${c.run('A', 24)}` }),
  ],
  ['batch and file ids', (c) => json({ id: `batch_${c.run('H', 32)}`, input_file_id: `file-${c.run('A', 22)}`, status: 'completed' })],
  ['git log', (c) => `commit ${c.run('H', 40)}\nAuthor: build\n\n    Rotate the retry policy`],
  ['short hashes', (c) => `${c.run('H', 7)} Fix paging\n${c.run('H', 7)} Add CSV export\n${c.run('H', 7)} Bump parser`],
  [
    'diff index',
    (c) => `diff --git a/src/a.ts b/src/a.ts\nindex ${c.run('H', 7)}..${c.run('H', 7)} 100644\n--- a/src/a.ts\n+++ b/src/a.ts`,
  ],
  ['image digest', (c) => `pulled acme/api@sha256:${c.run('H', 64)} in 3.1s`],
  ['sha256sum', (c) => `${c.run('H', 64)}  release-2.14.0.tar.gz\n${c.run('H', 64)}  release-2.14.0.zip`],
  ['md5', (c) => `MD5 (backup.tar) = ${c.run('H', 32)}`],
  ['subresource integrity', (c) => `<script src="/a.js" integrity="sha384-${c.run('B', 64)}" crossorigin="anonymous"></script>`],
  [
    'lock file',
    (c) =>
      `    "node_modules/picomatch": {\n      "version": "4.0.3",\n      "integrity": "` +
      `sha512-${c.run('B', 86)}==",\n      "engines": { "node": ">=12" }\n    }`,
  ],
  ['go.sum', (c) => `golang.org/x/text v0.21.0 h1:${c.run('B', 43)}=\ngolang.org/x/text v0.21.0/go.mod h1:${c.run('B', 43)}=`],
  ['Cargo.lock', (c) => `# generated\n[[package]]\nname = "serde"\nversion = "1.0.217"\nchecksum = "${c.run('H', 64)}"`],
  ['etag', (c) => `HTTP/1.1 304 Not Modified\netag: "${c.run('H', 32)}"\nx-cache: HIT`],
  ['order number', (c) => `Your order ${c.digits(3)}-${c.digits(7)}-${c.digits(7)} has been shipped.`],
  ['tracking number', (c) => `Parcel 1Z${c.run('U', 16)} left the depot at 06:12.`],
  ['invoice', (c) => json({ invoice: `R-2026-${c.digits(6)}`, total: '1204.50', currency: 'EUR', lines: 3 })],
  [
    'epoch times',
    (c) => json({ created: 1760000000 + c.below(9999999), updated_ms: 1760000000000 + c.below(999999999), seq: c.below(9999) }),
  ],
  ['timestamps', (c) => `${stamp(c)} started\n${stamp(c)} finished`],
  ['image in base64', (c) => json({ type: 'image_url', image_url: { url: `data:image/png;base64,${png(c)}` } })],
  ['embedding', (c) => json({ object: 'embedding', index: 0, embedding: floats(c, 24) })],
  ['card number that fails its check', (c) => json({ reference: badCard(c), note: 'not a payment' })],
  ['account number that fails its check', (c) => `The reference ${badIban(c)} was rejected: wrong check digits.`],
  ['prices', (c) => `| Item | Net | Gross |\n| --- | --- | --- |\n| Desk | ${c.digits(3)}.00 | ${c.digits(3)}.90 |`],
  ['pixels', (c) => json({ action: 'click', coordinate: [c.below(1900), c.below(1000)], viewport: { width: 1920, height: 1080 } })],
  ['ports', (c) => `tcp LISTEN 0 4096 0.0.0.0:${3000 + c.below(6000)} users:(("node",pid=${1000 + c.below(30000)},fd=21))`],
  ['AWS names', (c) => `arn:aws:lambda:eu-west-1:${c.digits(12)}:function:sync-orders:${c.below(90)}`],
  ['role ids', (c) => json({ RoleId: `AROA${c.run('E', 16)}`, InstanceId: `i-0${c.run('H', 16)}`, SubnetId: `subnet-0${c.run('H', 16)}` })],
  [
    'Stripe object ids',
    (c) => json({ customer: `cus_${c.run('A', 14)}`, price: `price_1${c.run('A', 23)}`, event: `evt_1${c.run('A', 23)}` }),
  ],
  ['Slack ids', (c) => json({ channel: `C0${c.run('U', 9)}`, user: `U0${c.run('U', 9)}`, ts: `17600${c.digits(5)}.${c.digits(6)}` })],
  [
    'minified code',
    (c) => `!function(e,t){"use strict";var n=${c.below(99)};t.${c.run('l', 2)}=function(e){return e+n},t.token=null}(this,{});`,
  ],
  ['bundle names', (c) => `dist/assets/index-${c.run('A', 8)}.js   312.40 kB\ndist/assets/vendor-${c.run('A', 8)}.css  18.02 kB`],
  ['public key', (c) => `ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI${c.run('B', 43)} deploy@ci`],
  ['certificate', (c) => `-----BEGIN CERTIFICATE-----\n${c.run('B', 64)}\n${c.run('B', 64)}\n-----END CERTIFICATE-----`],
  ['pod names', (c) => `api-${c.run('H', 10)}-${c.run('L', 5)}   1/1   Running   0   4d2h`],
  ['ISBN and EAN', (c) => `ISBN 978-3-${c.digits(5)}-${c.digits(3)}-${c.below(10)}, EAN 50${c.digits(11)}`],
]

export function lookAlikes(c: Chance): Case[] {
  const clean = (kind: string, text: string): Case => ({ group: 'look-alikes', kind, place: kind, text, secrets: [] })
  const made = MADE.flatMap(([kind, make]) => Array.from({ length: 3 }, () => clean(kind, make(c))))
  return [...made, ...CLEAN_TEXTS.map(([kind, text]) => clean(kind, text))]
}
