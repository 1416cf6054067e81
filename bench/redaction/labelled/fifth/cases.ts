import { fillIdentifiers } from '../identifiers.ts'
import { Chance } from '../random.ts'
import type { FilledCase } from '../template.ts'

/** How many were found when the set was first run. */
export const FIFTH_FIRST_FOUND: Readonly<Record<string, number>> = { credentials: 229, 'personal data': 59, 'look-alikes': 60 }

/** How many of a group are still missed, where any are. */
export const FIFTH_KNOWN_MISSED: Readonly<Record<string, number>> = { prose: 1 }

/**
 * The fifth set, made in another way than the others: names are put together of words, values drawn by kind, and both are written by
 * serializers of whole artefacts, among harmless neighbours. When it was first run, 0.954 of the secrets and 0.983 of the numbers were
 * found, and no look-alike was taken for either.
 */
type Pair = readonly [name: string, value: string]
const OWNERS = ['billing', 'shop', 'mailer', 'crm', 'warehouse', 'search', 'ledger', 'ingest', 'portal', 'reports', 'kiosk', 'fleet']
const WHATS: readonly (readonly [words: string, kinds: string])[] = [
  ['password', 'human mixed'],
  ['db password', 'human mixed'],
  ['admin password', 'human mixed'],
  ['smtp password', 'mixed human'],
  ['passphrase', 'mixed'],
  ['secret', 'mixed hex base64'],
  ['client secret', 'mixed safe'],
  ['secret key', 'mixed hex base64'],
  ['signing secret', 'hex mixed'],
  ['webhook secret', 'hex mixed'],
  ['api key', 'mixed hex lower'],
  ['access key', 'mixed lower'],
  ['encryption key', 'hex base64'],
  ['auth token', 'mixed hex safe'],
  ['access token', 'mixed safe'],
  ['refresh token', 'mixed safe'],
  ['bot token', 'mixed safe'],
  ['session secret', 'hex mixed'],
  ['secret key base', 'hex'],
]
const NEIGHBOURS: readonly Pair[] = [
  ['region', 'eu-west-1'],
  ['log level', 'debug'],
  ['port', '8443'],
  ['timeout seconds', '30'],
  ['public url', 'https://shop.example.net/v2'],
  ['max tokens', '4096'],
  ['feature flags', 'beta-2'],
  ['image tag', '1.14.2-alpine'],
]
const WORDS = ['Tulip', 'river', 'Copper', 'falcon', 'Maple', 'winter', 'Orbit', 'pepper', 'Granite', 'violet']

function valueOf(c: Chance, kind: string): string {
  switch (kind) {
    case 'human':
      return c.pick([
        `${c.pick(WORDS)}${c.pick(WORDS)}${c.digits(2)}`,
        `${c.pick(WORDS)}-${c.digits(4)}!`,
        `${c.pick(WORDS)}${c.digits(4)}$`,
        `${c.pick(WORDS)}_${c.pick(WORDS)}#${c.digits(2)}`,
      ])
    case 'hex':
      return c.run('H', c.pick([32, 40, 64]))
    case 'base64':
      return `${c.run('B', 43)}=`
    case 'lower':
      return c.run('L', c.pick([24, 32, 36]))
    case 'safe':
      return c.run('S', c.pick([32, 43, 48]))
    default:
      return c.run('A', c.pick([14, 20, 32, 40]))
  }
}

const snake = (name: string): string => name.replaceAll(' ', '_')
const screaming = (name: string): string => snake(name).toUpperCase()
const kebab = (name: string): string => name.replaceAll(' ', '-')
const camel = (name: string): string => name.replace(/ ([a-z])/g, (_, letter: string) => letter.toUpperCase())
const pascal = (name: string): string => camel(` ${name}`).trim()
const dotted = (name: string): string => name.replaceAll(' ', '.')
const title = (name: string): string => name.replace(/(?:^| )[a-z]/g, (letter) => letter.toUpperCase())
const lines = (pairs: readonly Pair[], of: (name: string, value: string) => string): string => pairs.map(([n, v]) => of(n, v)).join('\n')

/** By what they make; each takes a list of names and values in words. */
const ARTEFACTS: Readonly<Record<string, (pairs: readonly Pair[]) => string>> = {
  dotenv: (p) => lines(p, (n, v) => `${screaming(n)}=${v}`),
  'dotenv quoted': (p) => lines(p, (n, v) => `export ${screaming(n)}='${v}'`),
  properties: (p) => lines(p, (n, v) => `app.${dotted(n)}=${v}`),
  'properties spaced': (p) => lines(p, (n, v) => `${kebab(n)} = ${v}`),
  ini: (p) => `[main]\n${lines(p, (n, v) => `${snake(n)} = ${v}`)}`,
  toml: (p) => `[app]\n${lines(p, (n, v) => `${snake(n)} = "${v}"`)}`,
  yaml: (p) => `app:\n${lines(p, (n, v) => `  ${camel(n)}: ${v}`)}`,
  'yaml quoted': (p) => `app:\n${lines(p, (n, v) => `  ${kebab(n)}: "${v}"`)}`,
  'kubernetes env': (p) => `containers:\n- env:\n${lines(p, (n, v) => `  - name: ${screaming(n)}\n    value: '${v}'`)}`,
  compose: (p) => `services:\n  web:\n    environment:\n${lines(p, (n, v) => `      - ${screaming(n)}=${v}`)}`,
  json: (p) => JSON.stringify(Object.fromEntries(p.map(([n, v]) => [camel(n), v])), null, 2),
  'json in text': (p) => `Response: ${JSON.stringify(Object.fromEntries(p.map(([n, v]) => [snake(n), v])))} (200 OK)`,
  'json in json': (p) => JSON.stringify({ tool: 'read', out: JSON.stringify(Object.fromEntries(p.map(([n, v]) => [snake(n), v]))) }),
  'name and value': (p) => JSON.stringify({ environment: p.map(([n, v]) => ({ name: screaming(n), value: v })) }),
  'terraform vars': (p) => lines(p, (n, v) => `variable "${snake(n)}" {\n  default = "${v}"\n}`),
  'terraform map': (p) => `environment = {\n${lines(p, (n, v) => `  ${screaming(n)} = "${v}"`)}\n}`,
  javascript: (p) => `module.exports = {\n${lines(p, (n, v) => `  ${camel(n)}: '${v}',`)}\n}`,
  typescript: (p) => lines(p, (n, v) => `export const ${screaming(n)}: string = "${v}";`),
  python: (p) => lines(p, (n, v) => `${screaming(n)} = "${v}"`),
  'python environ': (p) => lines(p, (n, v) => `os.environ['${screaming(n)}'] = '${v}'`),
  'python call': (p) => `Settings(${p.map(([n, v]) => `${snake(n)}="${v}"`).join(', ')})`,
  go: (p) => `cfg := Config{\n${lines(p, (n, v) => `\t${pascal(n)}: "${v}",`)}\n}`,
  java: (p) => lines(p, (n, v) => `    private static final String ${screaming(n)} = "${v}";`),
  'java setter': (p) => lines(p, (n, v) => `props.setProperty("${dotted(n)}", "${v}");`),
  csharp: (p) => lines(p, (n, v) => `    public string ${pascal(n)} { get; set; } = "${v}";`),
  kotlin: (p) => lines(p, (n, v) => `val ${camel(n)} = "${v}"`),
  swift: (p) => lines(p, (n, v) => `let ${camel(n)}: String = "${v}"`),
  ruby: (p) => lines(p, (n, v) => `config.${snake(n)} = '${v}'`),
  'ruby hash': (p) => `{ ${p.map(([n, v]) => `${snake(n)}: '${v}'`).join(', ')} }`,
  php: (p) => `return [\n${lines(p, (n, v) => `    '${snake(n)}' => '${v}',`)}\n];`,
  rust: (p) => lines(p, (n, v) => `const ${screaming(n)}: &str = "${v}";`),
  elixir: (p) => `config :app,\n${lines(p, (n, v) => `  ${snake(n)}: "${v}",`)}`,
  powershell: (p) => lines(p, (n, v) => `$env:${screaming(n)} = "${v}"`),
  batch: (p) => lines(p, (n, v) => `set ${screaming(n)}=${v}`),
  fish: (p) => lines(p, (n, v) => `set -gx ${screaming(n)} "${v}"`),
  makefile: (p) => lines(p, (n, v) => `${screaming(n)} := ${v}`),
  dockerfile: (p) => `FROM node:24\n${lines(p, (n, v) => `ENV ${screaming(n)}=${v}`)}`,
  'docker run': (p) => `docker run ${p.map(([n, v]) => `-e ${screaming(n)}='${v}'`).join(' ')} web`,
  flags: (p) => `server ${p.map(([n, v]) => `--${kebab(n)}='${v}'`).join(' ')}`,
  'flags spaced': (p) => `server ${p.map(([n, v]) => `--${kebab(n)} ${v}`).join(' ')}`,
  helm: (p) => `helm upgrade x . ${p.map(([n, v]) => `--set app.${camel(n)}=${v}`).join(' ')}`,
  xml: (p) => `<config>\n${lines(p, (n, v) => `  <${camel(n)}>${v}</${camel(n)}>`)}\n</config>`,
  'xml attributes': (p) => `<app ${p.map(([n, v]) => `${camel(n)}="${v}"`).join(' ')}/>`,
  'xml add': (p) => `<appSettings>\n${lines(p, (n, v) => `  <add key="${pascal(n)}" value="${v}" />`)}\n</appSettings>`,
  plist: (p) => `<dict>\n${lines(p, (n, v) => `\t<key>${pascal(n)}</key>\n\t<string>${v}</string>`)}\n</dict>`,
  query: (p) => `GET /v1/sync?${p.map(([n, v]) => `${snake(n)}=${encodeURIComponent(v)}`).join('&')} 200`,
  form: (p) => p.map(([n, v]) => `${snake(n)}=${encodeURIComponent(v)}`).join('&'),
  headers: (p) => `POST /x HTTP/1.1\r\n${p.map(([n, v]) => `X-${title(n).replaceAll(' ', '-')}: ${v}`).join('\r\n')}\r\n\r\n`,
  logfmt: (p) => `ts=2026-03-04T10:11:12Z level=info ${p.map(([n, v]) => `${snake(n)}=${v}`).join(' ')}`,
  'debug map': (p) => `Config loaded: map[${p.map(([n, v]) => `${camel(n)}:${v}`).join(' ')}]`,
  'debug struct': (p) => `Config(${p.map(([n, v]) => `${camel(n)}=${v}`).join(', ')})`,
  repr: (p) => `{${p.map(([n, v]) => `'${snake(n)}': '${v}'`).join(', ')}}`,
  markdown: (p) => `| setting | value |\n|---|---|\n${lines(p, (n, v) => `| ${screaming(n)} | \`${v}\` |`)}`,
  bullets: (p) => lines(p, (n, v) => `- **${title(n)}**: ${v}`),
  prose: (p) => lines(p, (n, v) => `The ${n} is ${v}.`),
  csv: (p) => `${p.map(([n]) => snake(n)).join(',')}\n${p.map(([, v]) => v).join(',')}\n`,
  sql: (p) => lines(p, (n, v) => `UPDATE settings SET ${snake(n)} = '${v}';`),
  notebook: (p) => JSON.stringify({ cells: [{ cell_type: 'code', source: p.map(([n, v]) => `${screaming(n)} = "${v}"\n`) }] }),
  diff: (p) => `@@ -1,2 +1,4 @@\n${lines(p, (n, v) => `+  ${snake(n)}: ${v}`)}`,
  'html form': (p) => lines(p, (n, v) => `<input type="hidden" name="${snake(n)}" value="${v}">`),
}

const IDENTIFIERS =
  'visa mastercard amex discover ssn nino nhs steuer nir dni nie fiscale nif bsn personnummer fodsel hetu pesel cnp tckn aadhaar pan cpf cnpj curp cuit sin tfn zaid oib'.split(
    ' ',
  )
const CALLED: Readonly<Record<string, string>> = {
  visa: 'card number',
  mastercard: 'card number',
  amex: 'card number',
  discover: 'card number',
  ssn: 'ssn',
  nino: 'national insurance number',
  nhs: 'nhs number',
  steuer: 'steuer id',
  nir: 'nir',
  dni: 'dni',
  nie: 'nie',
  fiscale: 'codice fiscale',
  nif: 'nif',
  bsn: 'bsn',
  personnummer: 'personnummer',
  fodsel: 'fodselsnummer',
  hetu: 'henkilotunnus',
  pesel: 'pesel',
  cnp: 'cnp',
  tckn: 'tckn',
  aadhaar: 'aadhaar',
  pan: 'pan',
  cpf: 'cpf',
  cnpj: 'cnpj',
  curp: 'curp',
  cuit: 'cuit',
  sin: 'sin',
  tfn: 'tfn',
  zaid: 'sa id',
  oib: 'oib',
}

/** Of each artefact some with secrets, some with somebody's numbers, and one with nothing to find. */
export function fifthCases(seed = 20261124): FilledCase[] {
  const c = new Chance(seed)
  const cases: FilledCase[] = []
  let turn = 0
  for (const [kind, write] of Object.entries(ARTEFACTS)) {
    for (let round = 0; round < 4; round++) {
      const [what, kinds] = WHATS[turn++ % WHATS.length] ?? ['secret', 'mixed']
      const value = valueOf(c, c.pick(kinds.split(' ')))
      // What the artefact writes in another way than it is.
      const written = kind === 'query' || kind === 'form' ? encodeURIComponent(value) : value
      const name = c.below(2) === 0 ? what : `${c.pick(OWNERS)} ${what}`
      cases.push({ group: kind, text: write([c.pick(NEIGHBOURS), [name, value], c.pick(NEIGHBOURS)]), secrets: [written] })
    }
    const id = IDENTIFIERS[turn % IDENTIFIERS.length] ?? 'visa'
    const number = fillIdentifiers(c, `{#${id}}`)
    cases.push({
      group: `${kind}: somebody’s number`,
      text: write([c.pick(NEIGHBOURS), [CALLED[id] ?? id, number], c.pick(NEIGHBOURS)]),
      secrets: [number],
    })
    cases.push({
      group: 'look-alikes',
      text: write([
        c.pick(NEIGHBOURS),
        [`${c.pick(OWNERS)} token count`, c.digits(4)],
        ['secret name', 'shop-db-tls'],
        ['password min length', '12'],
        ['build id', c.run('H', 40)],
      ]),
      secrets: [],
    })
  }
  return cases
}
