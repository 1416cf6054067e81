import type { Chance } from '../random.ts'
import { card, iban } from './accounts.ts'
import { PLAIN } from './clean-texts.ts'
import { base64url, bytes } from './encodings.ts'
import { word } from './kinds.ts'

/** The last digit but one off, so that the check fails. */
function spoiled(text: string): string {
  const place = text.length - 1
  const last = text[place]!
  return `${text.slice(0, place)}${/[0-9]/.test(last) ? (Number(last) + 3) % 10 : last === 'K' ? 'M' : 'K'}`
}

const ulid = (c: Chance): string => `01K${c.run('0123456789ABCDEFGHJKMNPQRSTVWXYZ', 23)}`
const time = (c: Chance): string =>
  `2025-${c.pick(['02', '06', '10'])}-${10 + c.below(18)}T${10 + c.below(13)}:${10 + c.below(49)}:${10 + c.below(49)}Z`
const floats = (c: Chance, count: number): string => Array.from({ length: count }, () => (c.next() * 0.2 - 0.1).toFixed(9)).join(', ')
const picture = (c: Chance, length: number): string =>
  Buffer.concat([Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex'), bytes(c, length)]).toString('base64')

const drawing = (c: Chance): string =>
  Buffer.from(`<svg viewBox="0 0 24 24"><path d="M${c.below(24)} ${c.below(24)}h${c.below(9)}"/></svg>`).toString('base64')

/** Values drawn anew in a frame of their own: nothing in them is a secret or says who somebody is. */
const FRAMES: readonly (readonly [string, (c: Chance) => string])[] = [
  ['uuid', (c) => `Created record ${c.uuid()} in 14 ms`],
  ['uuid in json', (c) => JSON.stringify({ id: c.uuid(), parent: c.uuid(), status: 'done' })],
  ['uuid in path', (c) => `GET /api/v1/projects/${c.uuid()}/runs/${c.uuid()} 200`],
  ['sha of a commit', (c) => `commit ${c.run('H', 40)}\nDate:   Tue Jun 3 10:11:12 2025 +0200\n\n    Fix the pager`],
  ['short sha', (c) => `${c.run('H', 7)} Merge branch 'main'\n${c.run('H', 7)} Bump the parser`],
  [
    'git index line',
    (c) => `diff --git a/src/a.ts b/src/a.ts\nindex ${c.run('H', 7)}..${c.run('H', 7)} 100644\n--- a/src/a.ts\n+++ b/src/a.ts`,
  ],
  ['git tree', (c) => `100644 blob ${c.run('H', 40)}\tREADME.md\n040000 tree ${c.run('H', 40)}\tsrc`],
  ['sha256 sum', (c) => `${c.run('H', 64)}  app-linux-x64.tar.gz\n${c.run('H', 64)}  app-darwin-arm64.tar.gz`],
  ['md5 sum', (c) => `MD5 (image.iso) = ${c.run('H', 32)}`],
  ['integrity', (c) => `"integrity": "sha512-${bytes(c, 64).toString('base64')}"`],
  [
    'script integrity',
    (c) => `<script src="/app.js" integrity="sha384-${bytes(c, 48).toString('base64')}" crossorigin="anonymous"></script>`,
  ],
  ['lock file', (c) => `  resolved "/semver/-/semver-7.6.3.tgz#${c.run('H', 40)}"\n  integrity sha512-${bytes(c, 64).toString('base64')}`],
  ['cargo lock', (c) => `[[package]]\nname = "serde"\nversion = "1.0.219"\nchecksum = "${c.run('H', 64)}"`],
  ['go sum', (c) => `golang.org/x/text v0.26.0 h1:${bytes(c, 32).toString('base64')}`],
  ['requirement hash', (c) => `requests==2.32.4 \\\n    --hash=sha256:${c.run('H', 64)}`],
  ['docker digest', (c) => `FROM node@sha256:${c.run('H', 64)}`],
  [
    'docker ps',
    (c) => `CONTAINER ID   IMAGE       STATUS\n${c.run('H', 12)}   redis:7     Up 3 hours\n${c.run('H', 12)}   app:1.4.2   Up 3 hours`,
  ],
  ['docker build', (c) => `#8 exporting layers 1.2s done\n#8 writing image sha256:${c.run('H', 64)} done`],
  ['etag', (c) => `ETag: "${c.run('H', 32)}"\nCache-Control: max-age=600`],
  ['weak etag', (c) => `etag: W/"${c.run('H', 4)}-${c.run('S', 27)}"`],
  [
    'completion id',
    (c) => JSON.stringify({ id: `chatcmpl-${c.run('A', 29)}`, object: 'chat.completion', system_fingerprint: `fp_${c.run('H', 10)}` }),
  ],
  ['response id', (c) => JSON.stringify({ id: `resp_${c.run('H', 50)}`, object: 'response', status: 'completed' })],
  ['message id', (c) => JSON.stringify({ id: `msg_01${c.run('A', 22)}`, type: 'message', role: 'assistant' })],
  ['openai message id', (c) => JSON.stringify({ id: `msg_${c.run('H', 50)}`, type: 'message', status: 'completed' })],
  ['call id', (c) => JSON.stringify({ role: 'tool', tool_call_id: `call_${c.run('A', 24)}`, content: 'ok' })],
  ['tool use id', (c) => JSON.stringify({ type: 'tool_use', id: `toolu_01${c.run('A', 22)}`, name: 'read', input: { path: 'a.ts' } })],
  ['bedrock tool id', (c) => JSON.stringify({ toolUseId: `tooluse_${c.run('S', 22)}`, name: 'search' })],
  ['request id', (c) => `request-id: req_01${c.run('A', 22)}`],
  ['openai request id', (c) => `x-request-id: req_${c.run('H', 32)}`],
  ['thread and run', (c) => `thread_${c.run('A', 24)} has run_${c.run('A', 24)} with step_${c.run('A', 24)}`],
  ['file id', (c) => JSON.stringify({ file_id: `file-${c.run('A', 22)}`, purpose: 'assistants' })],
  ['batch id', (c) => `Batch batch_${c.run('H', 32)} finished: 120 of 120`],
  ['generation id', (c) => JSON.stringify({ id: `gen-17${c.run('D', 8)}-${c.run('A', 20)}`, provider: 'any' })],
  ['item id', (c) => JSON.stringify({ type: 'response.output_item.added', item: { id: `rs_${c.run('H', 50)}`, type: 'reasoning' } })],
  ['encrypted reasoning', (c) => JSON.stringify({ type: 'reasoning', summary: [], encrypted_content: `gAAAAAB${c.run('S', 260)}` })],
  ['thinking signature', (c) => JSON.stringify({ type: 'thinking', thinking: 'I look at the file.', signature: `EqQB${c.run('B', 240)}` })],
  ['trace parent', (c) => `traceparent: 00-${c.run('H', 32)}-${c.run('H', 16)}-01`],
  ['cloudflare ray', (c) => `cf-ray: ${c.run('H', 16)}-FRA`],
  ['amazon request id', (c) => `x-amzn-requestid: ${c.uuid()}\nx-amz-cf-pop: FRA56-P4\nx-amz-id-2: ${c.run('B', 75)}=`],
  ['amazon arn', (c) => `arn:aws:lambda:eu-west-1:${c.digits(12)}:function:resize`],
  ['instance ids', (c) => `i-0${c.run('H', 16)} in subnet-0${c.run('H', 16)} of vpc-0${c.run('H', 16)}`],
  ['ulid', (c) => `job ${ulid(c)} queued after ${ulid(c)}`],
  ['ksuid', (c) => `event 2${c.run('A', 26)} stored`],
  ['nano id', (c) => `key={${JSON.stringify(c.run('S', 21))}}`],
  ['object id', (c) => `{ "_id": { "$oid": "${c.run('H', 24)}" }, "n": 4 }`],
  ['snowflake id', (c) => `channel 1${c.digits(18)} archived`],
  ['order number', (c) => `Your order ${c.digits(3)}-${c.digits(7)}-${c.digits(7)} has shipped.`],
  ['invoice number', (c) => `Rechnung RE-2025-${c.digits(5)} vom 3. Juni`],
  ['tracking ups', (c) => `UPS: 1Z${c.run('U', 6)}${c.digits(10)}`],
  ['tracking post', (c) => `Sendung RR${c.digits(9)}DE ist unterwegs`],
  ['timestamps', (c) => `from 17${c.digits(8)} to 17${c.digits(8)}000 (17${c.digits(8)}${c.digits(6)})`],
  ['log time', (c) => `${time(c)} INFO started on port ${3000 + c.below(9000)} pid ${c.below(60000)}`],
  ['png', (c) => `data:image/png;base64,${picture(c, 240)}`],
  ['svg icon', (c) => `data:image/svg+xml;base64,${drawing(c)}`],
  [
    'jpeg block',
    (c) =>
      JSON.stringify({ type: 'image', source: { type: 'base64', media_type: 'image/jpeg', data: `/9j/4AAQSkZJRg${c.run('B', 300)}` } }),
  ],
  ['font', (c) => `src: url(data:font/woff2;base64,d09GMgABAAAAA${c.run('B', 300)}) format('woff2')`],
  ['wasm', (c) => `const code = 'AGFzbQEAAAAB${c.run('B', 200)}'`],
  ['embedding', (c) => `{"embedding": [${floats(c, 48)}]}`],
  ['vector of whole numbers', (c) => `[${Array.from({ length: 40 }, () => c.below(50000)).join(', ')}]`],
  ['minified', (c) => c.fill(`!function(){var {l1}=${c.below(9)},{l2}=function(e,t){return e.k{D2}?t:void 0};window.__{l4}={l2}}();`)],
  ['chunk names', (c) => `dist/assets/index-${c.run('S', 8)}.js 214.11 kB\ndist/assets/vendor-${c.run('S', 8)}.css 9.8 kB`],
  [
    'source map',
    (c) => `{"version":3,"mappings":"AAAA,SAASA,${c.run('ACEGIKMO', 6)},${c.run('ACEGIKMO', 4)};AACA,${c.run('ACEGIKMO', 5)}"}`,
  ],
  ['css modules', (c) => `.button_${c.run('A', 5)} { color: #${c.run('H', 6)} } .row__${c.run('A', 6)} { width: 12px }`],
  ['colours', (c) => `--ink: #${c.run('H', 6)}; --paper: #${c.run('H', 8)};`],
  [
    'coordinates',
    (c) => `<path d="M${c.below(999)}.${c.digits(2)} ${c.below(999)}.${c.digits(3)}C${c.below(99)} 4 ${c.below(99)} ${c.below(99)}z"/>`,
  ],
  ['pixels', (c) => `clip(${c.below(4000)}, ${c.below(4000)}, ${c.below(4000)}, ${c.below(4000)})`],
  ['latitude of a city', () => 'Oslo lies at 59.91, 10.75; Rome at 41.9, 12.5.'],
  ['card that fails', (c) => `the number ${spoiled(card(c, 'visa'))} is refused: wrong check digit`],
  ['card in groups that fails', (c) => `Ref ${spoiled(card(c, 'mastercard')).replace(/(.{4})(?=.)/g, '$1 ')}`],
  ['iban that fails', (c) => `Beleg ${spoiled(iban(c))} nicht gefunden`],
  ['part number', (c) => `P/N ${c.run('U', 4)}-${c.digits(4)}-${c.run('U', 2)}, lot ${c.digits(6)}`],
  ['serial of firmware', (c) => `Firmware ${c.below(9)}.${c.below(20)}.${c.digits(4)}-${c.run('H', 8)}`],
  ['build number', (c) => `build 2025${c.digits(4)}.${c.below(9)}+${c.run('H', 8)}`],
  ['memory addresses', (c) => `0x00007f${c.run('H', 10)} in malloc () from libc.so.6\n0x0000${c.run('H', 12)} in main ()`],
  ['hex dump', (c) => `00000010  ${Array.from({ length: 16 }, () => c.run('H', 2)).join(' ')}  |................|`],
  ['bytecode', (c) => `6080604052348015${c.run('H', 120)}`],
  ['transaction hash', (c) => `tx 0x${c.run('H', 64)} mined in block ${18000000 + c.below(999999)}`],
  ['public ssh key', (c) => `ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI${c.run('B', 43)} ${word(c)}`],
  ['ssh fingerprint', (c) => `256 SHA256:${c.run('B', 43)} (ED25519)`],
  ['host key', (c) => `git.internal ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABgQ${c.run('B', 340)}`],
  ['certificate', (c) => `-----BEGIN CERTIFICATE-----\n${c.run('B', 64)}\n${c.run('B', 64)}\n${c.run('B', 64)}\n-----END CERTIFICATE-----`],
  [
    'public key',
    (c) => `-----BEGIN PUBLIC KEY-----\nMIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8A${c.run('B', 32)}\n${c.run('B', 64)}\n-----END PUBLIC KEY-----`,
  ],
  ['age recipient', (c) => `age1${c.run('qpzry9x8gf2tvdw0s3jn54khce6mua7l', 58)}`],
  ['jwt header only', () => `The header decodes to ${base64url('{"alg":"HS256"}')} and nothing else`],
  [
    'page cursor',
    (c) => JSON.stringify({ has_more: true, next_cursor: Buffer.from(JSON.stringify({ id: c.below(9999), o: 50 })).toString('base64') }),
  ],
  ['stripe object ids', (c) => `cus_${c.run('A', 14)} paid in_1${c.run('A', 23)} with pm_1${c.run('A', 23)}`],
  ['slack ids', (c) => `user U0${c.run('U', 9)} in channel C0${c.run('U', 9)} at 17${c.digits(8)}.${c.digits(6)}`],
  ['youtube id', (c) => `https://youtu.be/${c.run('S', 11)}`],
  ['notion page', (c) => `https://www.notion.so/Meeting-notes-${c.run('H', 32)}`],
  ['bench result', (c) => `ops/s ${c.digits(7)} ±${c.below(9)}.${c.digits(2)}% (${c.digits(3)} runs sampled)`],
  ['test output', (c) => `# tests ${c.digits(4)}\n# pass ${c.digits(4)}\n# duration_ms ${c.digits(4)}.${c.digits(6)}`],
  ['token usage', (c) => JSON.stringify({ prompt_tokens: c.below(90000), completion_tokens: c.below(9000), total_tokens: c.below(99000) })],
  ['quadkey', (c) => `tile ${c.run('0123', 16)} at zoom 16`],
  ['isbn', (c) => `ISBN 978-${c.below(9)}-${c.digits(4)}-${c.digits(4)}-${c.below(9)}`],
  ['ean', (c) => `EAN ${c.pick(['40', '50', '30'])}${c.digits(11)}`],
  ['doi', (c) => `doi:10.1${c.digits(3)}/s${c.digits(5)}-0${c.digits(2)}-${c.digits(5)}-${c.run('l', 1)}`],
  ['arxiv', (c) => `arXiv:25${c.pick(['01', '06', '11'])}.${c.digits(5)}v${1 + c.below(4)}`],
  ['digits of a constant', () => '3.14159265358979323846264338327950288419716939937510'],
  ['rest of a division', (c) => `${c.digits(18)} mod 97 = ${c.below(97)}`],
  ['dna', (c) => `>seq1\n${c.run('ACGT', 120)}`],
  ['protein', (c) => `MKV${c.run('ACDEFGHIKLMNPQRSTVWY', 90)}`],
]

export type Clean = { kind: string; text: string }

/** Each frame twice with other values, and the texts that need none. */
export function cleanTexts(c: Chance): Clean[] {
  const drawn = FRAMES.flatMap(([kind, make]) => [make(c), make(c)].map((text) => ({ kind, text })))
  const seen = new Set<string>()
  return [...drawn, ...PLAIN.map(([kind, text]) => ({ kind, text }))].filter(({ text }) => !seen.has(text) && seen.add(text))
}
