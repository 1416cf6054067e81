import { VENDORS } from '../rules/vendors.ts'
import type { Detector } from '../text-view.ts'
import { isNameOfId, isRandomRun } from './assigned-checks-4.ts'

/** `name = …`, with the word or the call before it, or `Name("…`. */
const NAME =
  /((?:[A-Za-z][A-Za-z0-9_.-]{1,40}[ (])?[A-Za-z][A-Za-z0-9_.-]{1,63})(?:["'`\])]{0,3}[^\S\r\n]{0,40}(?:=|:|=>|:=|：)\s{0,3}["'`]?|\(\s?["'`])$/
const VALUE = /[A-Za-z0-9_.~+/:=-]{14,512}/y
const LOOK_BACK = 96
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i
const SECRET_WORD =
  /(?:^| )(?:api|key|apikey|token|secret|auth|access|private|pat|pass|password|credentials?|bearer|sk|license|client|sdk)(?: |$)/

/** The name in words, each in lower case: `sentryAuth_key` is `sentry auth key`. */
const wordsOf = (name: string): string[] =>
  name
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^a-z0-9]+/)

/** Whether a name says that its value is a key of somebody who gives out keys. */
export function isVendorName(name: string): boolean {
  const words = wordsOf(name)
  if (isNameOfId(words.join(' '))) return false
  const isVendor = words.some((word, index) => VENDORS.has(word) || VENDORS.has(word + (words[index + 1] ?? '')))
  return isVendor
}

/** Whether the value under a vendor's name is its key. */
export function isVendorValue(name: string, value: string): boolean {
  const hasSecretWord = SECRET_WORD.test(wordsOf(name).join(' '))
  if (UUID.test(value)) return hasSecretWord
  return isRandomRun(value, hasSecretWord ? 14 : 20)
}

/** `ASSEMBLYAI=9f…`, `kraken_private: …`: random characters under the name of who gives out keys. The anchor ends inside the value. */
export const detectVendorValue: Detector = ({ text }, anchorEnd, anchorLength) => {
  let start = anchorEnd - anchorLength + 1
  while (start < anchorEnd && !/[A-Za-z0-9_-]/.test(text[start] ?? '')) start++
  const name = NAME.exec(text.slice(Math.max(0, start - LOOK_BACK), start))?.[1]
  if (name === undefined || !isVendorName(name)) return undefined
  VALUE.lastIndex = start
  const value = VALUE.exec(text)?.[0].replace(/[.:]+$/, '')
  if (value === undefined || !isVendorValue(name, value)) return undefined
  return { start, end: start + value.length }
}
