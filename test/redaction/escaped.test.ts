import { describe, expect, it } from 'vitest'
import { fifthCases } from '../../bench/redaction/labelled/fifth/cases.ts'
import { fourthCases } from '../../bench/redaction/labelled/fourth/cases.ts'
import { seventhCases } from '../../bench/redaction/labelled/seventh/cases.ts'
import { sixthCases } from '../../bench/redaction/labelled/sixth/cases.ts'
import { thirdCases } from '../../bench/redaction/labelled/third/cases.ts'
import { createRedactor } from '../../src/redaction/index.ts'

const redactor = createRedactor({ key: new Uint8Array(32).fill(9) })
const redactText = (text: string): string => redactor.redactText(text).value
const redactJson = (text: string): string => redactor.redactJson(text).value

/** As most writers of JSON do it; and with the escapes that RFC 8259 (section 7) allows besides. */
const SPELLINGS: Readonly<Record<string, (text: string) => string>> = {
  short: (text) => JSON.stringify(text),
  hex: (text) => `"${[...text].map((char) => HEX_ESCAPED.get(char) ?? JSON.stringify(char).slice(1, -1)).join('')}"`,
}
const HEX_ESCAPED: ReadonlyMap<string, string> = new Map([
  ...['\n', '\t', '"', '&', '<', "'"].map((char) => [char, `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`] as const),
  ['/', '\\/'],
])
const contentOf = (json: string): string => (JSON.parse(json) as { content: string }).content
const argumentsOf = (json: string): string => (JSON.parse(json) as { arguments: string }).arguments

/** What becomes of a text inside of JSON strings. The same pseudonym is the same rule and the same characters. */
const inJson: Readonly<Record<string, (text: string, spell: (text: string) => string) => string>> = {
  'a member': (text, spell) => contentOf(redactJson(`{"content":${spell(text)}}`)),
  'a member of JSON in a member': (text, spell) =>
    contentOf(argumentsOf(redactJson(`{"arguments":${spell(`{"content":${spell(text)}}`)}}`))),
  'a string': (text, spell) => JSON.parse(redactText(spell(text))) as string,
  'a line of an event stream': (text, spell) =>
    contentOf(redactText(`event: delta\ndata: {"content":${spell(text)}}\n\ndata: [DONE]\n`).slice(19, -15)),
}
/** What stands around in the middle of other text, without escapes. */
const PSEUDONYM = /<[a-z0-9-]+:[0-9a-f]{12}>/g
const AROUND = { once: ['sent {"content":"', '"} at last'], twice: ['sent {"arguments":"{"content":"', '"}"} at last'] } as const

const cases = [...thirdCases(), ...fourthCases(), ...fifthCases(), ...sixthCases(), ...seventhCases()].map(({ text }) => text)
const sample = (every: number, from: number): string[] => cases.filter((_, index) => index % every === from)
/** JSON in strings is followed three levels down, and these have two themselves. */
const isDeep = (text: string): boolean => text.includes('\\\\\\"')

describe('what is found in a text is found in the text as JSON strings have it', () => {
  it.each(Object.keys(inJson).flatMap((place, index) => Object.keys(SPELLINGS).map((spelling) => [place, spelling, index] as const)))(
    '%s, %s escapes',
    (place, spelling, index) => {
      const differing = sample(4, index).filter(
        (text) => !isDeep(text) && inJson[place]?.(text, SPELLINGS[spelling] ?? JSON.stringify) !== redactText(text),
      )
      expect(differing).toEqual([])
    },
  )
  it.each([
    ['once', 'short'],
    ['once', 'hex'],
    ['twice', 'short'],
    ['twice', 'hex'],
  ] as const)('in a line of a log, %s, %s escapes', (times, spelling) => {
    const [begin, end] = AROUND[times]
    const spell = SPELLINGS[spelling] ?? JSON.stringify
    // Those that have escapes, or are JSON, are read as what they are.
    const texts = sample(4, 1).filter((text) => !/\\|^\s*[{[]|^data:/m.test(text))
    const differing = texts.filter((text) => {
      const plain = redactText(begin + text + end)
      // A value without quotes goes on to the end of the line.
      if (!plain.endsWith(end)) return false
      const json = times === 'once' ? `{"content":${spell(text)}}` : `{"arguments":${spell(`{"content":${spell(text)}}`)}}`
      // More may be found: what has more characters has words of refusal further off.
      const redacted = redactText(`sent ${json} at last`)
      return (plain.match(PSEUDONYM) ?? []).some((pseudonym) => !redacted.includes(pseudonym))
    })
    expect(differing).toEqual([])
  })
})
