import { IDENTITY_WORDS } from '../rules/identity.ts'
import { withoutCutToken, wordsExpression } from '../scanner/context.ts'
import { asWords } from '../scanner/words.ts'
import type { Detector, Stretch, TextView } from '../text-view.ts'
import { isAlnum, isDigit } from './characters.ts'
import { columnTitle } from './column-title.ts'
import { ID_CHECKS } from './national-ids.ts'

export interface RunKind {
  readonly rule: string
  readonly check: (digits: string) => boolean
  /** Words of which one must be near; undefined where the check alone is proof enough. */
  readonly near: RegExp | undefined
  readonly words?: readonly string[]
}

const kind = (rule: string, own?: readonly string[], onlyThese = false): RunKind => {
  const words = own === undefined || onlyThese ? own : [...own, ...IDENTITY_WORDS]
  const check = ID_CHECKS[rule] ?? (() => false)
  return words === undefined ? { rule, check, near: undefined } : { rule, check, near: wordsExpression(words), words }
}

/**
 * Identifiers that are nothing but digits, by how many. One check digit in ten or eleven is no proof: such a number counts
 * only beside a word that says what it is. A date and two check digits are.
 */
const KINDS: ReadonlyMap<number, readonly RunKind[]> = new Map([
  [
    9,
    [
      kind('us-ssn', ['ssn', 'social security', 'social sec*', 'soc sec'], true),
      kind('us-itin', ['itin', 'individual taxpayer'], true),
      kind('us-routing', ['routing', 'aba', 'rtn', 'transit number', 'ach', 'wire'], true),
      kind('ca-sin', ['sin', 'social insurance', 'assurance sociale']),
      kind('au-tfn', ['tfn', 'tax file*']),
      kind('au-acn', ['acn', 'australian company'], true),
      kind('nl-bsn', ['bsn', 'burgerservice*', 'sofi*']),
      kind('pt-nif', ['nif', 'contribuinte']),
      kind('gr-afm', ['afm', 'greek tax']),
      kind('il-id', ['teudat*', 'israel*', 'mispar zehut']),
      kind('us-ein', ['ein', 'fein', 'employer identification'], true),
    ],
  ],
  [
    10,
    [
      kind('uk-nhs', ['nhs', 'health service', 'medical record']),
      kind('us-npi', ['npi', 'provider'], true),
      kind('au-medicare', ['medicare']),
      kind('at-svnr', ['svnr', 'sozialversicherung*', 'versicherungsnummer']),
      kind('bg-egn', ['egn', 'bulgaria*']),
      kind('dk-cpr', ['cpr', 'personnummer']),
      kind('se-personnummer', ['personnummer', 'pnr']),
      kind('pl-nip', ['nip', 'polish tax']),
      kind('ru-inn', ['inn']),
    ],
  ],
  [
    11,
    [
      kind('no-fodselsnummer'),
      kind('be-nrn'),
      kind('pl-pesel', ['pesel', 'polish']),
      kind('br-cpf', ['cpf', 'contribuinte', 'brazil*', 'brasil*']),
      kind('de-steuer-id', ['steuer*', 'idnr', 'identifikationsnummer', 'german tax']),
      kind('tr-tckn', ['tc kimlik', 'tckn', 'kimlik', 't c no', 'turkish']),
      kind('hr-oib', ['oib', 'croatia*']),
      kind('ee-isikukood', ['isikukood', 'asmens kodas', 'estonia*', 'lithuania*']),
      kind('au-abn', ['abn', 'business number'], true),
      kind('it-partita-iva', ['partita iva', 'p iva', 'piva', 'vat*', 'codice fiscale']),
      kind('ar-cuit', ['cuit', 'cuil', 'argentin*']),
      kind('ru-snils', ['snils']),
      kind('lv-personas-kods', ['personas kods', 'latvia*']),
    ],
  ],
  [
    12,
    [
      kind('in-aadhaar', ['aadhaar', 'aadhar', 'uidai', 'uid', 'adhaar']),
      kind('se-personnummer', ['personnummer', 'pnr', 'swedish']),
      kind('jp-my-number', ['my number', 'mynumber', 'individual number']),
      kind('ru-inn', ['inn']),
      kind('my-nric', ['nric', 'mykad', 'malaysia*']),
    ],
  ],
  [
    13,
    [
      kind('ch-ahv'),
      { rule: 'za-id', check: (id) => ID_CHECKS['za-id']?.(id) === true && /^.{11}[89]/.test(id) && !/^1[67]/.test(id), near: undefined },
      kind('za-id', ['south africa*', 'rsa id', 'sa id']),
      kind('ro-cnp', ['cnp', 'cod numeric*', 'romania*']),
      kind('th-id', ['thai*']),
      kind('kr-rrn', ['rrn', 'resident registration', 'korea*']),
      kind('pk-cnic', ['cnic', 'nic'], true),
    ],
  ],
  [14, [kind('br-cnpj', ['cnpj', 'empresa', 'company number', 'company registration'], true)]],
  [15, [kind('fr-nir'), kind('imei', ['imei', 'handset', 'device id*', 'phone'], true), kind('ae-emirates-id', ['emirates*', 'uae'])]],
  [18, [kind('cn-resident-id')]],
])
const LONGEST = 18
const BEFORE = 64
const BEHIND = 24

/** Names of the rules that this detector gives; the rule's data lists the same. */
export const numberRunRules = (): string[] => [...new Set([...KINDS.values()].flat().map(({ rule }) => rule))]

/** Words of which one must stand near, for the kinds that need one. */
export const numberRunWords = (rule: string): string[] => [
  ...new Set([...KINDS.values()].flat().flatMap((known) => (known.rule === rule ? (known.words ?? []) : []))),
]

/** Kinds whose check digits these are. */
export const numberRunCandidates = (digits: string): string[] => [
  ...new Set((KINDS.get(digits.length) ?? []).filter(({ check }) => check(digits)).map(({ rule }) => rule)),
]

/** A run of 9 to 18 digits, by itself, that is somebody's number. */
const numberRunDetector =
  (wordsBeside: (view: TextView, start: number, end: number) => string, titleOf?: (view: TextView, start: number) => string): Detector =>
  (view, anchorEnd, anchorLength) => {
    const start = anchorEnd - anchorLength
    const { text } = view
    let end = anchorEnd
    while (end - start <= LONGEST && isDigit(text.charCodeAt(end))) end++
    const kinds = KINDS.get(end - start)
    if (kinds === undefined || !isAlone(text, start, end)) return undefined
    const digits = text.slice(start, end)
    let context: string | undefined
    for (const { rule, check, near } of kinds) {
      if (!check(digits)) continue
      context ??= near === undefined ? undefined : wordsBeside(view, start, end)
      if (near === undefined || (context !== undefined && near.test(context))) return { start, end, rule }
    }
    return context === undefined || titleOf === undefined ? undefined : titledKind(kinds, digits, titleOf(view, start), { start, end })
  }

/** The first kind of which a column's title says that it is one. */
export function titledKind(kinds: readonly RunKind[], digits: string, title: string, { start, end }: Stretch): Stretch | undefined {
  if (title === '') return undefined
  const titled = kinds.find(({ check, near }) => near?.test(title) === true && check(digits))
  return titled === undefined ? undefined : { start, end, rule: titled.rule }
}
export function isAlone(text: string, start: number, end: number): boolean {
  const after = text.charCodeAt(end)
  if (isAlnum(after) || after === 0x5f) return false
  if ((after === 0x2d || after === 0x2e || after === 0x2f) && isAlnum(text.charCodeAt(end + 1))) return false
  const before = text.charCodeAt(start - 1)
  // Parts of UUIDs, paths, decimals.
  return !((before === 0x2d || before === 0x2f || before === 0x3d) && isAlnum(text.charCodeAt(start - 2))) || before === 0x3d
}

/** The last one of each text: two detectors ask about one number, one after the other. */
const contexts = new WeakMap<TextView, { readonly start: number; readonly words: string }>()

function contextOf(view: TextView, start: number, end: number): string {
  const known = contexts.get(view)
  if (known?.start === start) return known.words
  const words = wordsAround(view, start, view.text.slice(end, end + BEHIND))
  contexts.set(view, { start, words })
  return words
}

/** The same without the name of a token that is cut off behind. */
export function contextOf4(view: TextView, start: number, end: number): string {
  const behind = view.text.slice(end, end + BEHIND)
  return behind.includes('<') ? wordsAround(view, start, withoutCutToken(behind)) : contextOf(view, start, end)
}

const wordsAround = ({ text, field }: TextView, start: number, behind: string): string =>
  `${asWords(field)} | ${asWords(text.slice(Math.max(0, start - BEFORE), start))} | ${asWords(behind)}`

export const detectNumberRun: Detector = numberRunDetector(contextOf)
/** Version 4 takes no word from a token that is cut off behind, and the titles of columns. */
export const detectKnownRun4: Detector = numberRunDetector(contextOf4, columnTitle)
