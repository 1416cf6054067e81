import type { Chance } from '../random.ts'
import { EUROPE, type Person } from './people-europe.ts'
import { IBANS, MONEY } from './people-money.ts'
import { WORLD } from './people-world.ts'
import { call, json, stamp, toolu } from './places-shell.ts'
import type { Case } from './shapes.ts'

type Put = { label: string; key: string; value: string }
type Place = readonly [name: string, put: (v: Put, c: Chance) => string]

const GIVEN = ['Mirela', 'Tomasz', 'Aoife', 'Jonas', 'Sunniva', 'Ilias', 'Renske', 'Bojan', 'Noor', 'Catarina']

const PLACES: readonly Place[] = [
  ['sentence', (v) => `Please update the record: the ${v.label} of the applicant is ${v.value}, not the one on the first page.`],
  [
    'user message',
    (v, c) =>
      json({
        role: 'user',
        content: `Hi, ${c.pick(GIVEN)} here. My ${v.label} is ${v.value}. Can you check whether my claim went through?`,
      }),
  ],
  ['form', (v, c) => `Registration\n\nGiven name: ${c.pick(GIVEN)}\n${v.label}: ${v.value}\nSigned: yes`],
  ['JSON record', (v, c) => json({ id: c.below(90000), given_name: c.pick(GIVEN), [v.key]: v.value, status: 'active' })],
  ['CSV rows', (v, c) => `row,given_name,${v.key},status\n1,${c.pick(GIVEN)},${v.value},active\n`],
  ['log line', (v, c) => `${stamp(c)} INFO  kyc - verified applicant=${c.digits(5)} ${v.key}="${v.value}" in 212 ms`],
  [
    'mail',
    (v, c) => `Dear team,\n\nas agreed on the phone, here is the missing detail.\n${v.label}: ${v.value}\n\nBest regards\n${c.pick(GIVEN)}`,
  ],
  [
    'tool call',
    (v, c) => {
      const tool = {
        id: call(c),
        type: 'function',
        function: { name: 'create_customer', arguments: json({ country: 'auto', [v.key]: v.value }) },
      }
      return json({ role: 'assistant', content: null, tool_calls: [tool] })
    },
  ],
  [
    'tool result',
    (v, c) =>
      json({
        type: 'tool_result',
        tool_use_id: toolu(c),
        content: `Found 1 person\n  given name: ${c.pick(GIVEN)}\n  ${v.label}: ${v.value}\n`,
      }),
  ],
  ['markdown table', (v, c) => `| Field | Value |\n| --- | --- |\n| Given name | ${c.pick(GIVEN)} |\n| ${v.label} | ${v.value} |`],
  ['XML element', (v, c) => `<person id="${c.digits(4)}"><given>${c.pick(GIVEN)}</given><${v.key}>${v.value}</${v.key}></person>`],
  ['YAML record', (v, c) => `customer:\n  given: ${c.pick(GIVEN)}\n  ${v.key}: "${v.value}"\n  tier: basic`],
  ['SQL statement', (v, c) => `UPDATE customers SET ${v.key} = '${v.value}' WHERE id = ${c.digits(5)};`],
  ['SQL rows', (v, c) => ` id | given | ${v.key}\n----+-------+------\n ${c.digits(2)} | ${c.pick(GIVEN)} | ${v.value}\n(1 row)`],
  [
    'scanned page',
    (v, c) =>
      `PAGE 2 OF 3\nGIVEN NAME ........ ${c.pick(GIVEN).toUpperCase()}\n${v.label} ........ ${v.value}\nDATE OF ISSUE ..... see reverse`,
  ],
  ['Python record', (v, c) => `rows = [\n    {"given": "${c.pick(GIVEN)}", "${v.key}": "${v.value}"},\n]\nimport_rows(rows)`],
  ['TypeScript record', (v, c) => `const payload = { given: '${c.pick(GIVEN)}', ${v.key}: '${v.value}' }\nawait customers.create(payload)`],
  [
    'assistant answer',
    (v) => `The document shows the ${v.label} **${v.value}**. I have filled in the rest of the form; please confirm before I submit it.`,
  ],
  ['chat lines', (v, c) => `agent: may I have your ${v.label}?\n${c.pick(GIVEN).toLowerCase()}: sure, ${v.value}\nagent: thank you`],
  [
    'request body',
    (v) => `POST /v1/persons HTTP/1.1\nHost: api.acme.net\nContent-Type: application/json\n\n{"${v.key}":"${v.value}","consent":true}`,
  ],
  [
    'error message',
    (v, c) =>
      json({ level: 'error', ts: stamp(c), msg: `duplicate key: (${v.key})=(${v.value}) already exists`, pid: 4000 + c.below(999) }),
  ],
  ['spreadsheet line', (v, c) => `Name\t${v.label}\tRoom\n${c.pick(GIVEN)}\t${v.value}\t${c.digits(3)}`],
  ['note', (v, c) => `- call back ${c.pick(GIVEN)} on Monday (${v.label} ${v.value})\n- order new badges`],
  [
    'span attributes',
    (v, c) =>
      json({ name: 'verify_identity', spanId: c.run('H', 16), attributes: { 'person.country': 'auto', [`person.${v.key}`]: v.value } }),
  ],
]

function cases(person: Person, count: number, start: number, c: Chance): Case[] {
  return Array.from({ length: count }, (_, turn) => {
    const value = (person.forms[turn % person.forms.length] as (c: Chance) => string)(c)
    const label = person.labels[Math.floor(turn / 2) % person.labels.length] as string
    const [place, put] = PLACES[(start + turn * 5) % PLACES.length] as Place
    return {
      group: 'checksummed personal data',
      kind: person.kind,
      place,
      text: put({ label, key: person.key, value }, c),
      secrets: [value],
    }
  })
}

export function personalCases(c: Chance): Case[] {
  const people = [...MONEY, ...EUROPE, ...WORLD].flatMap((person, at) => cases(person, 12, at, c))
  return [...people, ...IBANS.flatMap((person, at) => cases(person, 2, at, c))]
}
