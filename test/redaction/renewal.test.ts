import { expect, it } from 'vitest'
import { makeRandom } from '../../bench/redaction/corpus.ts'
import { createRedactor } from '../../src/redaction/index.ts'
import { policyDataOf } from '../../src/redaction/policy.ts'
import { compiledPolicy, compilePolicy } from '../../src/redaction/scanner/compile.ts'
import { scanText } from '../../src/redaction/scanner/scan.ts'

const random = makeRandom(1)
const below = (limit: number): number => Math.floor(random() * limit)
const anchors = policyDataOf('default')
  .rules.flatMap((rule) => rule.anchors)
  .map((anchor) => anchor.replace(/\[(\^?)([^\]]*)\]/g, (_, negated: string, chars: string) => (negated === '' ? (chars[0] ?? 'a') : 'x')))
/** Beginnings and pieces of anchors: ever new states. */
function hostileText(length: number): string {
  let hostile = ''
  while (hostile.length < length) {
    const anchor = anchors[below(anchors.length)] ?? ''
    hostile += anchor.slice(0, below(2) === 0 ? anchor.length : below(anchor.length) + 1) + (below(3) === 0 ? ' ' : '')
  }
  return hostile
}

it('goes on after texts that fill the automaton', () => {
  const redactor = createRedactor({ key: new Uint8Array(32) })
  for (let text = 0; text < 60; text++) {
    expect(typeof redactor.redactText(hostileText(3000)).value).toBe('string')
    expect(redactor.redactText('mail bob@example.com now').counts).toEqual({ email: 1 })
  }
})

it('finds the same in a text that fills the automaton while it is being read, and keeps the same automaton', () => {
  const { automaton } = compiledPolicy('default')
  const text = `${hostileText(150_000)} mail bob@example.com now`
  const idsOf = (hits: readonly number[]): string[] => {
    const found: string[] = []
    for (let hit = 0; hit < hits.length; hit += 2) {
      const ids = automaton.acceptedIn(hits[hit + 1] ?? -1).map(({ id }) => id)
      if (ids.length > 0) found.push(`${hits[hit]}:${ids.join()}`)
    }
    return found
  }
  // What the first reading has left behind, the second one begins with.
  const first = idsOf(scanText(automaton, text))
  expect(idsOf(scanText(automaton, text))).toEqual(first)
  expect(compiledPolicy('default').automaton).toBe(automaton)
  expect(automaton.next.length).toBeLessThan(8_000_000)
  const parts: string[] = []
  for (let from = 0; from < text.length; from += 1000) {
    const start = Math.max(0, from - 200)
    const hits = idsOf(scanText(automaton, text.slice(start, from + 1200)))
    for (const hit of hits) {
      const at = Number(hit.split(':')[0]) + start
      if (at > from && at <= from + 1000) parts.push(`${at}:${hit.split(':')[1]}`)
    }
  }
  expect(parts.length).toBeGreaterThan(first.length * 0.98)
})

it('goes on where short texts alone have filled it before the first long one', () => {
  // Any two anchors side by side: of texts that are too short for lanes.
  const { automaton } = compilePolicy(policyDataOf('default'))
  let rows = 0
  let isRenewed = false
  for (let tries = 0; tries < 20_000 && !isRenewed; tries++) {
    scanText(automaton, hostileText(150).slice(0, 240))
    isRenewed = automaton.next.length < rows
    rows = automaton.next.length
  }
  expect(isRenewed).toBe(true)
  scanText(automaton, 'mail bob@example.com now')
  const long = `${hostileText(2_000)} mail bob@example.com now`
  const fresh = compilePolicy(policyDataOf('default')).automaton
  const namesOf = (each: typeof automaton, hits: readonly number[]): string[] =>
    hits.map((hit, index) =>
      index % 2 === 0
        ? `${hit}`
        : each
            .acceptedIn(hit)
            .map(({ id, length }) => `${id}/${length}`)
            .join(),
    )
  expect(namesOf(automaton, scanText(automaton, long))).toEqual(namesOf(fresh, scanText(fresh, long)))
  expect(automaton.next.length).toBe(fresh.next.length)
})
