import { expect, it } from 'vitest'
import { makeRandom } from '../../bench/redaction/corpus.ts'
import { createRedactor } from '../../src/redaction/index.ts'
import { policyDataOf } from '../../src/redaction/policy.ts'

// Every text of beginnings and pieces of anchors makes new states; without renewal the table would be full for good.
it('goes on after text that fills the automaton', () => {
  const random = makeRandom(1)
  const below = (limit: number): number => Math.floor(random() * limit)
  const anchors = policyDataOf('default')
    .rules.flatMap((rule) => rule.anchors)
    .map((anchor) =>
      anchor.replace(/\[(\^?)([^\]]*)\]/g, (_, negated: string, chars: string) => (negated === '' ? (chars[0] ?? 'a') : 'x')),
    )
  const redactor = createRedactor({ key: new Uint8Array(32) })
  for (let text = 0; text < 60; text++) {
    let hostile = ''
    while (hostile.length < 3000) {
      const anchor = anchors[below(anchors.length)] ?? ''
      hostile += anchor.slice(0, below(2) === 0 ? anchor.length : below(anchor.length) + 1) + (below(3) === 0 ? ' ' : '')
    }
    expect(typeof redactor.redactText(hostile).value).toBe('string')
    expect(redactor.redactText('mail bob@example.com now').counts).toEqual({ email: 1 })
  }
})
