// Writes what redaction finds of the labelled set into README.md and docs/redaction.md between their markers; `--check` exits 1
// where a table is not current: npm run bench:redaction [-- --check]
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { createRedactor, normalizeTokens, type PolicyVersion } from '../../src/redaction/index.ts'
import { classesOf } from './labelled/classes.ts'
import { FIFTH_FIRST_FOUND, fifthCases } from './labelled/fifth/cases.ts'
import { FOURTH_FIRST_FOUND, fourthCases } from './labelled/fourth/cases.ts'
import { type Score, scoreLabelledSet } from './labelled/score.ts'
import { SECOND_MISSED, SECOND_PERSONAL, SECOND_SECRETS, secondCases } from './labelled/second/cases.ts'
import { SECOND_CLEAN } from './labelled/second/clean.ts'
import { SEVENTH_FIRST_FOUND, seventhCases } from './labelled/seventh/cases.ts'
import { SIXTH_FIRST_FOUND, sixthCases } from './labelled/sixth/cases.ts'
import type { FilledCase } from './labelled/template.ts'
import { thirdCases } from './labelled/third/cases.ts'

const PER_FORMAT = 4
const CLEAN_BYTES = 100_000
const BEGIN = '<!-- redaction:begin -->'
const END = '<!-- redaction:end -->'
export const PUBLISHED_IN: readonly string[] = ['../../README.md', '../../docs/redaction.md'].map((path) =>
  fileURLToPath(new URL(path, import.meta.url)),
)

/** Down, never up: 0.9996 is no 1. */
const share = (part: number, whole: number): string => (Math.floor((part / (whole || 1)) * 1000) / 1000).toFixed(3)

function classRows({ detectors }: Score): string[] {
  const classes = classesOf([...detectors.keys()])
  const sums = new Map<string, { detectors: number; found: number; missed: number; extra: number }>()
  for (const [detector, { found, missed, extra }] of detectors) {
    const name = classes.get(detector) ?? detector
    const sum = sums.get(name) ?? { detectors: 0, found: 0, missed: 0, extra: 0 }
    sums.set(name, {
      detectors: sum.detectors + 1,
      found: sum.found + found,
      missed: sum.missed + missed.length,
      extra: sum.extra + extra,
    })
  }
  return [...sums].map(
    ([name, { detectors: count, found, missed, extra }]) =>
      `| ${name} | ${count} | ${found + missed} | ${share(found, found + missed)} | ${share(found, found + extra)} |`,
  )
}

/** Found and all, of the cases that were written from memory. */
function freshScore(templates: readonly string[], key: Uint8Array): readonly [found: number, all: number] {
  const redactor = createRedactor({ key })
  const cases = secondCases(templates)
  const found = cases.filter(({ text, secrets }) => {
    const { value } = /^\s*[{[]/.test(text) ? redactor.redactJson(text) : redactor.redactText(text)
    // Four digits may well stand in a pseudonym.
    return secrets.length === 0 ? value === text : !secrets.some((secret) => normalizeTokens(value).includes(secret))
  }).length
  return [found, cases.length]
}

/** Found and all, by what is looked for. */
function scoreOf(
  cases: readonly FilledCase[],
  key: Uint8Array,
  policyVersion: PolicyVersion,
): ReadonlyMap<string, readonly [number, number]> {
  const redactor = createRedactor({ key, policyVersion })
  const score = new Map<string, readonly [number, number]>()
  for (const { group, text, secrets } of cases) {
    const { value } = /^\s*[{[]/.test(text) ? redactor.redactJson(text) : redactor.redactText(text)
    const shown = normalizeTokens(value)
    // Of a long one, its end must not be left either.
    const isFound =
      secrets.length === 0 ? value === text : !secrets.some((secret) => shown.includes(secret.length > 16 ? secret.slice(-12) : secret))
    const [found, all] = score.get(group) ?? [0, 0]
    score.set(group, [found + Number(isFound), all + 1])
  }
  return score
}

function thirdRows(key: Uint8Array): string[] {
  const cases = thirdCases()
  const first = scoreOf(cases, key, '3')
  return [...scoreOf(cases, key, '4')].map(([group, [found, all]]) => {
    const [before] = first.get(group) ?? [0]
    return `| ${group} | ${all} | ${share(before, all)} | ${share(found, all)} |`
  })
}

const PERSONAL_GROUP = /^(?:cards|bank accounts|national identifiers|phones and addresses|dates and places)$|somebody’s number$/
const partOf = (group: string): 'credentials' | 'personal data' | 'look-alikes' =>
  group === 'look-alikes' ? group : PERSONAL_GROUP.test(group) ? 'personal data' : 'credentials'

/** A set in three rows; what was found of it before anything was changed for it stands beside the set. */
function laterRows(name: string, cases: readonly FilledCase[], first: Readonly<Record<string, number>>, key: Uint8Array): string[] {
  const parts = new Map<string, readonly [number, number]>()
  for (const [group, [found, all]] of scoreOf(cases, key, '4')) {
    const [foundBefore, allBefore] = parts.get(partOf(group)) ?? [0, 0]
    parts.set(partOf(group), [foundBefore + found, allBefore + all])
  }
  return [...parts].map(([part, [found, all]]) => `| ${name}: ${part} | ${all} | ${share(first[part] ?? 0, all)} | ${share(found, all)} |`)
}

/** Seeds that were first drawn from when the rules were as they are now. */
const LATER_SEEDS = [40427, 58211, 91733]

/** A set by group: what was found when it was first run, now, and of the same kinds with values, places and words drawn anew. */
function drawnRows(
  name: string,
  draw: (seed?: number) => readonly FilledCase[],
  first: Readonly<Record<string, number>>,
  key: Uint8Array,
): string[] {
  const anew = scoreOf(
    LATER_SEEDS.flatMap((seed) => draw(seed)),
    key,
    '4',
  )
  return [...scoreOf(draw(), key, '4')].map(([group, [found, all]]) => {
    const [foundAnew, allAnew] = anew.get(group) ?? [0, 0]
    return `| ${name}: ${group} | ${all} | ${share(first[group] ?? 0, all)} | ${share(found, all)} | ${share(foundAnew, allAnew)} of ${allAnew} |`
  })
}

/** The same on every machine: nothing in it is a time. */
export function redactionTable(): string {
  const key = new Uint8Array(32).fill(3)
  const score = scoreLabelledSet(PER_FORMAT, CLEAN_BYTES, createRedactor({ key }))
  const traffic = [...score.falseAlarms.values()]
  const bytes = traffic.reduce((sum, kind) => sum + kind.bytes, 0)
  const alarms = traffic.reduce((sum, kind) => sum + kind.alarms.length, 0)
  const [secrets, allSecrets] = freshScore([...SECOND_SECRETS, ...SECOND_MISSED], key)
  const [personal, allPersonal] = freshScore(SECOND_PERSONAL, key)
  const [clean, allClean] = freshScore(SECOND_CLEAN, key)
  return [
    '| what | detectors | cases | recall | precision |',
    '|---|---|---|---|---|',
    ...classRows(score),
    '',
    `False alarms in ${Math.floor(bytes / 1000)} KB of ordinary agent traffic (${[...score.falseAlarms.keys()].join(', ')}): ${alarms}.`,
    `Of the cases written from memory rather than from the rules, ${secrets} of ${allSecrets} credentials and ${personal} of ${allPersonal} pieces of personal data are`,
    `found, and ${clean} of ${allClean} look-alikes stay.`,
    '',
    'A third set, written from public descriptions rather than from the rules:',
    '',
    '| what | cases | when first run | now |',
    '|---|---|---|---|',
    ...thirdRows(key),
    '',
    'A fourth set, of what tools, languages and people write, and a fifth, of whole files made by chance. Of either it was counted what is found before',
    'anything was changed for it: that is what to expect elsewhere.',
    '',
    '| what | cases | when first run | now |',
    '|---|---|---|---|',
    ...laterRows('fourth', fourthCases(), FOURTH_FIRST_FOUND, key),
    ...laterRows('fifth', fifthCases(), FIFTH_FIRST_FOUND, key),
    '',
    'A sixth and a seventh set, written from what issuers describe without knowledge of the rules: keys of known formats, keys that only a name',
    'tells, and numbers with check digits of some seventy countries. What the sixth showed was cured before the seventh was first run. The last',
    'column is of cases that were drawn when the rules were as they are now.',
    '',
    '| what | cases | when first run | now | drawn anew |',
    '|---|---|---|---|---|',
    ...drawnRows('sixth', sixthCases, SIXTH_FIRST_FOUND, key),
    ...drawnRows('seventh', seventhCases, SEVENTH_FIRST_FOUND, key),
  ].join('\n')
}

/** The page with a current table. Throws where it has no markers. */
export function withRedactionTable(page: string, table: string): string {
  const begin = page.indexOf(BEGIN)
  const end = page.indexOf(END)
  if (begin < 0 || end < begin) throw new Error(`expected ${BEGIN} before ${END}`)
  return `${page.slice(0, begin + BEGIN.length)}\n${table}\n${page.slice(end)}`
}

if (import.meta.main) {
  const table = redactionTable()
  for (const path of PUBLISHED_IN) {
    const page = readFileSync(path, 'utf8')
    const current = withRedactionTable(page, table)
    if (!process.argv.includes('--check')) writeFileSync(path, current)
    else if (current !== page) {
      console.error(`${path}: the table of redaction is not current; run: npm run bench:redaction`)
      process.exitCode = 1
    }
  }
}
