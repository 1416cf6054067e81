import fc from 'fast-check'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { chatMessages, makeRandom, plantedSecret } from '../../bench/redaction/corpus.ts'
import { checkText, createRedactor } from '../../src/redaction/index.ts'
import { policyDataOf } from '../../src/redaction/policy.ts'
import type { RuleData } from '../../src/redaction/rule.ts'
import { type Anchor, type AnchorContext, parseAnchor } from '../../src/redaction/scanner/anchors.ts'
import { Automaton } from '../../src/redaction/scanner/automaton.ts'
import { compiledPolicy, compilePolicy } from '../../src/redaction/scanner/compile.ts'
import { openKernel } from '../../src/redaction/scanner/kernel.ts'
import { hasAnchor, scanText } from '../../src/redaction/scanner/scan.ts'
import { SAMPLES } from './samples.ts'

/** The anchors as regular expressions: slow, short, and written from the words of the contract. */
const BEFORE: Readonly<Record<AnchorContext, string>> = {
  anything: '',
  'no-backslash': '(?<!\\\\)',
  'word-boundary': '(?<=^|[^A-Za-z0-9]|\\\\[nrtbfv0]|%[0-9A-Fa-f]{2})',
  'number-boundary': '(?<=^|[^A-Za-z0-9._+]|\\\\[nrtbfv0]|%[0-9A-Fa-f]{2})',
}
function referenceHits(rules: readonly RuleData[], text: string): string[] {
  const found: string[] = []
  for (const [id, rule] of rules.entries()) {
    for (const anchor of rule.anchors) {
      // Anchor syntax is that of regular expressions but for a few literal characters.
      const body = anchor.replace(/\\.|\[(?:\\.|[^\]])*\]|[.*+?(){}|^$/]/g, (part) => (part.length > 1 ? part : `\\${part}`))
      const pattern = new RegExp(
        `${BEFORE[rule.after ?? 'anything']}(?=(${body.replace(/\[([^\]\\]*)\\\\/g, '[$1\\\\')}))`,
        rule.fold === true ? 'gi' : 'g',
      )
      for (const match of text.matchAll(pattern)) found.push(`${match.index + (match[1]?.length ?? 0)}:${id}:${match[1]?.length}`)
    }
  }
  return [...new Set(found)].sort()
}
function scannedHits(rules: readonly RuleData[], text: string): string[] {
  const anchors: Anchor[] = rules.flatMap((rule, id) =>
    rule.anchors.map((source) => ({ sets: parseAnchor(source, rule.fold === true), after: rule.after ?? 'anything', id })),
  )
  const automaton = new Automaton(anchors)
  return namesOf(automaton, text)
}
function namesOf(automaton: Automaton, text: string): string[] {
  const hits = scanText(automaton, text)
  const found: string[] = []
  for (let index = 0; index < hits.length; index += 2) {
    for (const accepted of automaton.acceptedIn(hits[index + 1] ?? 0)) {
      if (accepted.id >= 0) found.push(`${hits[index]}:${accepted.id}:${accepted.length}`)
    }
  }
  return [...new Set(found)].sort()
}

/** All anchors, without a look at what stands around them. */
const unguarded = compilePolicy(policyDataOf('default'), false)

describe('the automaton', () => {
  it('finds what the regular expressions of small random anchors find', () => {
    const anchor = fc
      .array(fc.constantFrom('a', 'b', '1', '[ab]', '[^a]', '[a-c1]', '-', ' '), { minLength: 1, maxLength: 4 })
      .map((parts) => parts.join(''))
    const rule = fc.record({
      name: fc.constant('x'),
      anchors: fc.array(anchor, { minLength: 1, maxLength: 3 }),
      after: fc.constantFrom<AnchorContext>('anything', 'no-backslash', 'word-boundary', 'number-boundary'),
    })
    const text = fc
      .array(fc.constantFrom('a', 'b', 'c', '1', '-', ' ', '\\', 'n', '%', '2', '.', 'A', '\n'), { maxLength: 40 })
      .map((parts) => parts.join(''))
    fc.assert(
      fc.property(fc.array(rule, { minLength: 1, maxLength: 4 }), text, (rules, subject) => {
        expect(scannedHits(rules, subject)).toEqual(referenceHits(rules, subject))
      }),
      { numRuns: 400 },
    )
  })

  it("finds what the regular expressions of the default policy's anchors find", () => {
    const { rules } = policyDataOf('default')
    const { automaton } = unguarded
    const texts = [
      SAMPLES.map((sample) => sample.text ?? sample.secret).join(' \n'),
      SAMPLES.map((sample) => sample.secret.slice(0, 20)).join(''),
      ...chatMessages(20_000, 2300, 1),
    ]
    const ascii = texts.map((text) => text.replace(/[^\x00-\x7f]/g, '?'))
    for (const text of ascii) expect(namesOf(automaton, text)).toEqual(referenceHits(rules, text))
  })

  it('finds the same in one lane, in four, over pieces and in bytes', () => {
    const { automaton } = unguarded
    const random = makeRandom(11)
    let long = ''
    while (long.length < 150_000)
      long += `${'text \u4e2d \u{1F600} é '.repeat(Math.floor(random() * 6))}${plantedSecret(random)}${'x'.repeat(Math.floor(random() * 40))}`
    const whole = namesOf(automaton, long)
    // The same hits, looked for 240 units at a time, which is too short for lanes.
    const stepwise = new Set<string>()
    for (let from = 0; from < long.length; from += 140) {
      for (const name of namesOf(automaton, long.slice(Math.max(0, from - 100), from + 140))) {
        const [end = '0', ...rest] = name.split(':')
        const at = Number(end) + Math.max(0, from - 100)
        if (at > from) stepwise.add([at, ...rest].join(':'))
      }
    }
    expect(whole.length).toBeGreaterThan(500)
    expect([...stepwise].sort()).toEqual(whole)
    expect(hasAnchor(automaton, Buffer.from(long))).toBe(true)
    expect(hasAnchor(compiledPolicy('default').automaton, Buffer.from('été 中文 nothing here'))).toBe(false)
  })

  it('finds long runs of letters and digits, which it does not count itself, behind all that they may stand behind', () => {
    const rules = [
      { name: 'a', anchors: ['[A-Za-z0-9]'.repeat(16)], after: 'number-boundary' as const },
      { name: 'b', anchors: ['[1-9A-HJ-NP-Za-km-z]'.repeat(26), `2${'[A-Za-z0-9]'.repeat(26)}`], after: 'word-boundary' as const },
      { name: 'c', anchors: [`${'[A-Z]'.repeat(6)}${'[A-Z0-9]'.repeat(11)}`, 'Ab', '[0-9]@'] },
    ]
    const random = makeRandom(5)
    const pick = (from: string, length: number): string => Array.from({ length }, () => from[Math.floor(random() * from.length)]).join('')
    for (const length of [40, 600, 3_000, 3_000, 70_000]) {
      let text = ''
      while (text.length < length)
        text +=
          pick(random() < 0.5 ? 'ABCDEFGH2345678' : 'ABab2345', Math.floor(random() * 40)) +
          pick(' ._+-"n%2', 1) +
          (random() < 0.2 ? '\\n%3A@' : '')
      // Up to the very end, too.
      text += ` ${pick('ABCDEFGH2345678', 26)}`
      const found = scannedHits(rules, text)
      expect(found.length).toBeGreaterThan(length / 1_000)
      expect(found).toEqual(referenceHits(rules, text))
    }
  })

  it('finds the same where there is no WebAssembly', () => {
    const texts = [...chatMessages(60_000, 2300, 1), chatMessages(80_000, 80_000, 1).join(''), 'word '.repeat(200)]
    const { automaton } = unguarded
    const found = texts.map((text) => [namesOf(automaton, text), hasAnchor(automaton, Buffer.from(text))])
    expect(automaton.kernel()).toBeDefined()
    vi.stubGlobal('WebAssembly', undefined)
    const alone = compilePolicy(policyDataOf('default'), false).automaton
    expect(texts.map((text) => [namesOf(alone, text), hasAnchor(alone, Buffer.from(text))])).toEqual(found)
    expect(alone.kernel()).toBeUndefined()
  })

  it('says of bytes whether they hold an anchor as long as it remembers, wherever it stands', () => {
    const anchor = 'b'.repeat(20)
    const sets = parseAnchor(anchor, false)
    const longest = new Automaton([{ sets, after: 'anything', id: 0 }])
    for (let at = 0; at <= 600; at++) {
      const text = `${'.'.repeat(at)}${anchor}${'.'.repeat(600 - at)}`
      expect(hasAnchor(longest, Buffer.from(text)), `at ${at}`).toBe(true)
    }
    // Lanes that begin inside of a word take its rest for one: what they meet then is none.
    const word = new Automaton([{ sets, after: 'word-boundary', id: 0 }])
    for (let length = 600; length < 620; length++) {
      expect(hasAnchor(word, Buffer.from(`x${'b'.repeat(length)}`))).toBe(false)
      expect(hasAnchor(word, Buffer.from(`x${'b'.repeat(length)} ${anchor}`))).toBe(true)
    }
  })

  it('says of bytes whether they hold an anchor wherever it stands: at the seams of lanes and pieces, too', () => {
    const { automaton } = compiledPolicy('default')
    const secret = 'mail ann@example.org now'
    for (const length of [40, 511, 512, 513, 1_999, 2_000, 32_767, 32_768, 32_769, 65_600]) {
      const plain = 'plain words '.repeat(6_000).slice(0, length)
      expect(hasAnchor(automaton, Buffer.from(plain))).toBe(scanText(automaton, plain).length > 0)
      const seams = [0, length >> 2, length >> 1, 3 * (length >> 2), 32_768, length]
      for (const seam of seams) {
        for (let shift = 0; shift <= secret.length; shift += 3) {
          const at = Math.min(Math.max(0, seam - shift), length)
          expect(hasAnchor(automaton, Buffer.from(plain.slice(0, at) + secret + plain.slice(at)))).toBe(true)
        }
      }
    }
    const words = fc.array(fc.constantFrom('a', 'word ', '"', '\\', '@', 'x.y', 'sk-', '4111', ' é'), { minLength: 1, maxLength: 900 })
    // Never no where there is one; it may say yes where only what stands behind the end of a lane would speak against it.
    fc.assert(
      fc.property(words, (parts) => {
        const bytes = Buffer.from(parts.join(''))
        if (scanText(automaton, bytes.toString('latin1')).length > 0) expect(hasAnchor(automaton, bytes)).toBe(true)
      }),
    )
  })
})

describe('the kernel', () => {
  it('tells where sixteen letters and digits stand in a row, in units and in bytes', () => {
    const kernel = openKernel(new Uint8Array(0x10000), 1024, 0x20000000)
    if (kernel === undefined) throw new Error('no WebAssembly')
    const edges = fc.constantFrom(...'/09:@AZ[`az{ \u00e9\u0130\u0141\u4141\uff21\u0000')
    const piece = fc.oneof(edges, fc.string({ unit: fc.constantFrom(...'09azAZ'), minLength: 6, maxLength: 20 }))
    let rows = 0
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), fc.nat(40), (pieces, from) => {
        const text = pieces.join('')
        const expected = text.slice(from).search(/[A-Za-z0-9]{16}/)
        const is = (found: number): number => (found >= text.length ? -1 : found - from)
        kernel.area.units.fill(0)
        kernel.area.buffer.write(text, 'utf16le')
        if (from < text.length) expect(is(kernel.rowOfUnits(from, text.length))).toBe(expected)
        const plain = text.replace(/[^\0-\x7f]/g, '\xe9')
        kernel.area.bytes.fill(0)
        kernel.area.buffer.write(plain, 'latin1')
        if (from < text.length) expect(is(kernel.rowOfBytes(from, text.length))).toBe(expected)
        if (expected >= 0) rows++
      }),
      { numRuns: 300 },
    )
    expect(rows).toBeGreaterThan(50)
  })
})

afterEach(() => {
  vi.unstubAllGlobals()
})

describe('the rules behind the anchors', () => {
  it('find all that their patterns find without anchors', () => {
    const text = [...SAMPLES.map((sample) => sample.text ?? sample.secret), ...chatMessages(10_000, 500, 1)].join('\n')
    const findings = checkText(text)
    for (const rule of policyDataOf('default').rules) {
      if (rule.pattern === undefined || rule.check !== undefined || rule.back !== undefined) continue
      const pattern = new RegExp(`${BEFORE[rule.after ?? 'anything']}${rule.pattern}`, `gd${rule.flags ?? ''}`)
      for (const match of text.matchAll(pattern)) {
        const [start, end] = match.indices?.groups?.['secret'] ?? match.indices?.[0] ?? [0, 0]
        expect(
          findings.some((finding) => finding.start <= start && finding.end >= end),
          `${rule.name} at ${start}`,
        ).toBe(true)
      }
    }
  })
})

const redactor = createRedactor({ key: new Uint8Array(32) })

/**
 * Time is linear where the work is: each unit is read once by the automaton, each anchor gives its rule a bounded window,
 * and what would cost most is counted here instead of timed, so that the test means the same on any machine.
 */
describe('work on hostile text', () => {
  const { automaton, rules } = compiledPolicy('default')
  const bricks = [
    ...SAMPLES.map((sample) => (sample.text ?? sample.secret).slice(0, 9)),
    ...[
      '@',
      'a@',
      '://',
      'a://',
      ':@',
      '/@a',
      'eyJ',
      '.eyJ',
      'eyJa.',
      '-----BEGIN A',
      '-----BEGIN PRIVATE KEY-----',
      '---- BEGIN SSH2 A PRIVATE KEY ----',
      '4111 ',
      '4111-',
      '411111',
      'password=',
      'token="',
    ],
    ...[
      '\\u0040',
      '\\/',
      '\\\\/',
      '{"a":',
      '[',
      '"',
      '{"name":"cookie",',
      'cookie: a=',
      'authorization: ',
      'Bearer ',
      'basic aaa',
      '<email:',
      '<email:aaaaaaaaaaaa>',
      '%40',
      '%3C',
      'SK0',
      'AKIA',
      '0-us1',
    ],
  ]
  it('gives at most a few hits a unit, and detectors that look at a bounded stretch', () => {
    for (const brick of bricks) {
      const text = brick.repeat(Math.ceil(20_000 / brick.length))
      const hits = scanText(automaton, text)
      let detections = 0
      for (let index = 0; index < hits.length; index += 2) detections += automaton.acceptedIn(hits[index + 1] ?? 0).length
      expect(detections, brick).toBeLessThanOrEqual(text.length * 3)
    }
    expect(rules.length).toBeGreaterThan(90)
  })
  // 500 kB each: linear, all of them take seconds; with a quadratic step a single one takes longer than the test may.
  it('ends', () => {
    for (const brick of bricks.slice(SAMPLES.length)) {
      const text = brick.repeat(Math.ceil(500_000 / brick.length))
      checkText(text)
    }
    for (const brick of bricks) {
      const text = brick.repeat(Math.ceil(20_000 / brick.length))
      expect(redactor.redactJson(JSON.stringify({ [text.slice(0, 50)]: text })).value.length).toBeGreaterThan(0)
    }
  }, 60_000)
})
