import { expect, it } from 'vitest'
import { policyDataOf } from '../../src/redaction/policy.ts'
import { secretRangeOf } from '../../src/redaction/scanner/secret-range.ts'
import { SAMPLES } from './samples.ts'

const PATTERNS = [
  'a(?<secret>b+)',
  'a(?<secret>(?:[)(]|\\))+)(?![0-9)])',
  '(?<quote>\\\\{0,3}["\'])(?<secret>(?:(?!\\k<quote>).)+)\\k<quote>',
  'x|y(?<secret>z)',
  'a(?<secret>b+)c',
  '(?:a(?<secret>b+)|c(?<secret>d+))',
  'a(?:(?<secret>b+))?',
  '(?=(?<secret>a+))a',
  'a(?<secret>b+)(?=c)(?!cd)',
]
const TEXTS = ['abb', 'a)()(9', 'a)()(]', '"secret"', '\\"it\'s\\" x', 'x', 'yz', 'abbc', 'cdd', 'aaa', 'a', 'abbcd', 'abbce', '']

it('tells what the indices of the group do, for every pattern of every version', () => {
  const rules = (['1', '2', '3', '4'] as const).flatMap((version) => policyDataOf('default', version).rules)
  const patterns = rules.flatMap(({ pattern, flags }) =>
    pattern?.includes('(?<secret>') === true ? [{ pattern, flags: flags ?? '' }] : [],
  )
  const texts = [...TEXTS, ...SAMPLES.map(({ text, secret }) => text ?? secret)]
  const all = [
    ...PATTERNS.map((pattern) => ({ pattern, flags: '' })),
    ...new Map(patterns.map((each) => [each.pattern + each.flags, each])).values(),
  ]
  let found = 0
  let fast = 0
  for (const { pattern, flags } of all) {
    const { flag, rangeOf } = secretRangeOf(pattern)
    const quick = new RegExp(pattern, `g${flags}${flag}`)
    const told = new RegExp(pattern, `g${flags}d`)
    if (flag === '') fast++
    for (const text of texts) {
      const expected = [...text.matchAll(told)].map((match) => match.indices?.groups?.['secret'])
      found += expected.length
      expect([...text.matchAll(quick)].map(rangeOf), pattern).toEqual(expected)
    }
  }
  expect(found).toBeGreaterThan(200)
  expect(fast).toBeGreaterThan(100)
})
