import { describe, expect, it } from 'vitest'
import { FIFTH_KNOWN_MISSED, fifthCases } from '../../bench/redaction/labelled/fifth/cases.ts'
import { FOURTH_KNOWN_MISSED, fourthCases } from '../../bench/redaction/labelled/fourth/cases.ts'
import { SEVENTH_KNOWN_MISSED, seventhCases } from '../../bench/redaction/labelled/seventh/cases.ts'
import { SIXTH_KNOWN_MISSED, sixthCases } from '../../bench/redaction/labelled/sixth/cases.ts'
import type { FilledCase } from '../../bench/redaction/labelled/template.ts'
import { createRedactor, normalizeTokens } from '../../src/redaction/index.ts'

const redactor = createRedactor({ key: new Uint8Array(32).fill(6) })
function isJson(text: string): boolean {
  try {
    return typeof JSON.parse(text) === 'object'
  } catch {
    return false
  }
}
const redact = (text: string): string => (isJson(text) ? redactor.redactJson(text) : redactor.redactText(text)).value

const groupsOf = (cases: readonly FilledCase[]): [string, FilledCase[]][] => {
  const groups = new Map<string, FilledCase[]>()
  for (const one of cases) groups.set(one.group, [...(groups.get(one.group) ?? []), one])
  return [...groups]
}

describe.each([
  ['the fourth set of cases', fourthCases(), FOURTH_KNOWN_MISSED],
  ['the fifth set of cases', fifthCases(), FIFTH_KNOWN_MISSED],
  ['the sixth set of cases', sixthCases(), SIXTH_KNOWN_MISSED],
  ['the seventh set of cases', seventhCases(), SEVENTH_KNOWN_MISSED],
])('%s', (_, all, known) => {
  it.each(groupsOf(all))('%s', (group, cases) => {
    const missed = cases.filter(({ text, secrets }) => {
      const value = redact(text)
      const shown = normalizeTokens(value)
      // Of a long one, its end must not be left either.
      const isLeft = (secret: string): boolean => shown.includes(secret.length > 16 ? secret.slice(-12) : secret)
      return secrets.length === 0 ? value !== text : secrets.some(isLeft)
    })
    expect(missed.length, missed.map(({ text }) => text).join('\n')).toBe(known[group] ?? 0)
  })
  it('changes nothing when it is redacted again', () => {
    for (const [index, { text }] of all.entries()) {
      if (index % 3 > 0) continue
      const once = redact(text)
      expect(redact(once)).toBe(once)
    }
  })
})

describe('columns that are named for secrets', () => {
  it('go from their first value to their last', () => {
    const table = (first: string, last: string): string =>
      `| user | password | role |\n|---|---|---|\n| ana | ${first} | dev |\n| bob | ${last} | ops |\n`
    expect(normalizeTokens(redact(table('tb7gBr1OG4w6!', 'Qw3ky3lKP20V3')))).toBe(
      '| user | password | role |\n|---|---|---|\n| ana | <credential#1> | ops |\n',
    )
  })
  it('go below prose with as many commas, too', () => {
    const text = 'Here is the export, as asked:\nuser,password\nana,tb7gBr1OG4w6!\n'
    expect(normalizeTokens(redact(text))).toBe('Here is the export, as asked:\nuser,password\nana,<credential#1>\n')
  })
  it('are those of the first line of a table, and of a line that is looked at whole', () => {
    const rows = 'x,y\npassword,role\ntb7gBr1OG4w6!,ops\n'
    expect(redact(rows)).toBe(rows)
    const long = `${'n,'.repeat(2000)}password\n${'1,'.repeat(2000)}tb7gBr1OG4w6!\n`
    expect(redact(long)).toBe(long)
  })
  it.each([
    ['token,count\nthe,5\nof,7\n'],
    ['| parameter | token |\n|---|---|\n| a | required |\n'],
    ['  isToken,\n  urlIsHttpHttpsScheme2x9,\n  other,\n'],
    ['name,password\nana,changeme\n'],
    ["INSERT INTO docs (title, token) VALUES ('a', 'required');"],
  ])('stay where nothing looks like one: %s', (text) => expect(redact(text)).toBe(text))
})

describe('keys under the name of who gives them out', () => {
  it.each([
    ['ASSEMBLYAI=9f3a8b7c6d5e4f3a2b1c0d9e8f7a6b5c', '9f3a8b7c6d5e4f3a2b1c0d9e8f7a6b5c'],
    ['kraken_private: "qwErTYuiOPasDFghJKlzXCvbNM"', 'qwErTYuiOPasDFghJKlzXCvbNM'],
    ['cloudflare = aB3dE5gH7jK9mN1pQ3sT', 'aB3dE5gH7jK9mN1pQ3sT'],
  ])('go, with digits or without: %s', (text, secret) => expect(redact(text)).not.toContain(secret))
  it.each([['cloudflare: worker-deployment-prod-2'], ['github = createOctokitClient2FromSettings'], ['stripe=price_list_2024_archive']])(
    'stay where a name stands: %s',
    (text) => expect(redact(text)).toBe(text),
  )
})

describe('what stands on the next line', () => {
  it.each([
    ['DB_PASSWORD=\nDB_HOST=db-7.internal\n'],
    ['{"a":"API_KEY=\\nAPI_URL=https://api.acme.dev/v2\\n"}'],
    ['password =\nuser2 = ana\n'],
  ])('is not the value: %s', (text) => expect(redact(text)).toBe(text))
  it('is, between quotes', () => expect(redact('password =\n  "tb7gBr1OG4w6"')).toMatch(/^password =\n {2}"<password:[0-9a-f]{12}>"$/))
})

describe('names with a number in them', () => {
  it.each([
    ['s.ReadUint16LengthPrefixed(&extensions)'],
    ["type Left = 'credential' | 'workloadIdentity' | 'x509Transport'"],
    ["const left = ['apiKey', 'adminAPIKey', 'workloadIdentity', 'x509Transport']"],
    ["const right = ['adminAPIKey', 'x509Transport']"],
    ['#x509Credential: X509Credential | undefined'],
  ])('are none: %s', (text) => expect(redact(text)).toBe(text))
  it('are not what a random value looks like', () => {
    for (const text of ['s.Kx7fQ2mZp9LtV4bNc8RwYh1D', "set('api_key', 'Zx81kQpw0mN5')"]) expect(redact(text)).not.toMatch(/Kx7f|Zx81/)
  })
})
