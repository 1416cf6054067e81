import type { RuleData } from '../rule.ts'

/** Words that say that a number is somebody's, whatever its kind. */
export const IDENTITY_WORDS: readonly string[] = [
  'national id*',
  'identity',
  'identification',
  'id number',
  'id no',
  'id card',
  'personal id*',
  'personal number',
  'citizen*',
  'tax id*',
  'taxpayer*',
  'tax number',
  'tin',
  'social security',
  'insurance number',
  'patient*',
  'beneficiary',
  'cardholder',
  'kyc',
  'passport*',
  'applicant*',
  'employee*',
  'born',
  'birth*',
  'customer id',
  'national number',
]

const CLASSES: Readonly<Record<string, string>> = { '0': '[0-9]', A: '[A-Z]', X: '[A-Z0-9]' }

/**
 * An identifier whose written form alone is telling. In a shape `0` is a digit, `A` a capital, `X` either, a small
 * letter the capital of it; the rest stands for itself. The check sees letters and digits alone.
 */
function identifier(name: string, shapes: readonly string[], more: Partial<RuleData> = {}): RuleData {
  const anchorOf = (shape: string): string => [...shape].map((char) => CLASSES[char] ?? char.toUpperCase()).join('')
  const patternOf = (shape: string): string =>
    anchorOf(shape).replace(/[.()+/]/g, (char, at: number, whole: string) => (whole[at - 1] === '[' ? char : `\\${char}`))
  const spaced = shapes.some((shape) => shape.includes(' '))
  return {
    name,
    anchors: shapes.map(anchorOf),
    after: 'number-boundary',
    pattern: `(?<![0-9a-f]{4}-|[0-9][-/,:])${spaced ? '(?<![0-9] )' : ''}(?:${shapes.map(patternOf).join('|')})(?![A-Za-z0-9_]|[-./][0-9]${spaced ? '| [0-9]' : ''})`,
    check: `id:${name}`,
    ...more,
  }
}

const near = (...words: string[]): Partial<RuleData> => ({ near: [...words, ...IDENTITY_WORDS] })

/** Identifiers of people that are told by how they are written. Those that are digits alone: detectors/number-run.ts. */
export const IDENTITY_RULES: readonly RuleData[] = [
  identifier('us-ssn', ['000-00-0000']),
  identifier('us-ssn', ['000 00 0000', '000.00.0000'], near('ssn', 'social')),
  identifier('us-itin', ['900-00-0000']),
  identifier('us-itin', ['900 00 0000'], near('itin')),
  identifier('us-ein', ['00-0000000'], { near: ['ein', 'fein', 'employer*', 'tax id*', 'irs', 'tin', 'federal'] }),
  identifier('us-mbi', ['0AX0-AX0-AA00', '0AX0AX0AA00'], { check: 'id:us-mbi' }),
  identifier('us-dea', ['AA0000000'], { near: ['dea', 'prescri*', 'physician', 'doctor', 'license*', 'licence*', 'practitioner'] }),
  identifier('uk-nhs', ['000 000 0000', '000-000-0000'], near('nhs', 'patient', 'health', 'medical', 'gp', 'hospital')),
  identifier('uk-nino', ['AA000000A', 'AA 00 00 00 A', 'AA-00-00-00-A', 'AA 000000 A', 'AA00 00 00A']),
  identifier(
    'uk-driving-licence',
    [
      'AAAAA000000AA0AA',
      'AAAA9000000AA0AA',
      'AAA99000000AA0AA',
      'AAAAA000000A90AA',
      'AAAAA000000AX0AA',
      'AAAA9000000AX0AA',
      'AAA99000000AX0AA',
    ],
    { check: 'id:uk-driving-licence' },
  ),
  identifier('ca-sin', ['000-000-000']),
  identifier('ca-sin', ['000 000 000'], near('sin', 'social insurance', 'assurance sociale', 'nas')),
  identifier('au-tfn', ['000 000 000', '000-000-000', '000 000 00'], { near: ['tfn', 'tax file*', 'ato', 'australia*'] }),
  identifier('au-acn', ['000 000 000'], { near: ['acn', 'company number', 'australian company'] }),
  identifier('au-abn', ['00 000 000 000', '00-000-000-000']),
  identifier('au-medicare', ['0000 00000 0', '0000-00000-0', '0000 00000-0']),
  identifier('in-aadhaar', ['0000 0000 0000', '0000-0000-0000']),
  identifier('in-pan', ['AAAAA0000A'], { check: 'id:in-pan' }),
  identifier('in-gstin', ['00AAAAA0000A0ZX', '00AAAAA0000AXZX']),
  identifier('in-voter-id', ['AAA0000000'], { near: ['voter*', 'epic', 'election'], check: 'id:any' }),
  identifier('de-steuer-id', ['00 000 000 000', '00/000/000/000'], near('steuer*', 'idnr', 'tin', 'tax*', 'identifikationsnummer')),
  identifier('fr-nir', [
    '0 00 00 00 000 000 00',
    '0 00 00 0A 000 000 00',
    '0-00-00-00-000-000-00',
    '0.00.00.00.000.000.00',
    '0000000000000 00',
    '000000A00000000',
  ]),
  identifier('es-dni', ['00000000A', '00000000-A', '00.000.000-A', '00000000 A', '00.000.000A']),
  identifier('es-nie', [
    'x0000000A',
    'y0000000A',
    'z0000000A',
    'x-0000000-A',
    'y-0000000-A',
    'z-0000000-A',
    'x-0000000A',
    'y-0000000A',
    'z-0000000A',
  ]),
  identifier('it-codice-fiscale', ['AAAAAAXXAXXAXXXA', 'AAA AAA XXAXX AXXXA']),
  identifier('nl-bsn', ['0000.00.000', '000.000.000', '0000 00 000', '000000-000'], near('bsn', 'burgerservice*', 'sofi*')),
  identifier('be-nrn', ['00.00.00-000.00', '00.00.00-000-00', '00 00 00 000 00', '000000-000.00', '000000-000-00', '00.00.00 000.00']),
  identifier('pl-nip', ['000-000-00-00', '000-00-00-000', '000 000 00 00']),
  identifier('dk-cpr', ['000000-0000'], near('cpr', 'personnummer', 'danish', 'danmark')),
  identifier('se-personnummer', ['000000-0000', '000000+0000', '00000000-0000'], { check: 'id:se-personnummer-past' }),
  identifier(
    'se-personnummer',
    ['000000-0000', '000000+0000', '00000000-0000'],
    near('personnummer', 'pnr', 'samordningsnummer', 'swedish', 'sverige'),
  ),
  identifier('no-fodselsnummer', ['000000 00000', '000000-00000']),
  identifier('dk-cpr', ['000000-0000'], { check: 'id:dk-cpr-checked' }),
  identifier(
    'fi-hetu',
    [...'-+abcdefyxwvu'].map((mark) => `000000${mark}000X`),
  ),
  identifier('ch-ahv', ['756.0000.0000.00', '756 0000 0000 00', '756-0000-0000-00']),
  identifier('at-svnr', ['0000 000000', '0000-000000', '0000/000000']),
  identifier('pt-nif', ['000 000 000'], near('nif', 'contribuinte', 'portug*')),
  identifier('br-cpf', ['000.000.000-00', '000 000 000 00', '000.000.000/00']),
  identifier('br-cnpj', ['00.000.000/0000-00', '00 000 000 0000 00']),
  identifier('mx-curp', ['AAAA000000AAAAAAX0']),
  identifier('mx-rfc', ['AAAA000000XXX', 'AAA000000XXX'], { near: ['rfc', 'sat', 'factura*', 'fiscal', 'contribuyente'], check: 'id:any' }),
  identifier('za-id', ['000000 0000 000', '000000 0000 00 0', '000000-0000-000']),
  identifier(
    'sg-nric',
    [...'stfgm'].map((first) => `${first}0000000A`),
  ),
  identifier('kr-rrn', ['000000-0000000', '000000 0000000']),
  identifier(
    'jp-my-number',
    ['0000 0000 0000', '0000-0000-0000'],
    near('my number', 'mynumber', 'individual number', 'kojin bango', 'japan*'),
  ),
  identifier('cn-resident-id', ['00000000000000000X', '000000 00000000 000X']),
  identifier('tw-id', ['A000000000'], near('taiwan*', 'roc', 'national id')),
  identifier('hk-id', ['A000000(X)', 'AA000000(X)']),
  identifier('th-id', ['0-0000-00000-00-0', '0 0000 00000 00 0']),
  identifier('my-nric', ['000000-00-0000']),
  identifier('cz-rodne-cislo', ['000000/0000', '000000/000']),
  identifier('lv-personas-kods', ['000000-00000'], near('personas kods', 'latvia*')),
  identifier('ie-pps', ['0000000A', '0000000AA'], near('pps*', 'ireland', 'irish', 'revenue')),
  identifier('ru-snils', ['000-000-000 00', '000-000-000-00']),
  identifier('cl-rut', ['00.000.000-X', '0.000.000-X']),
  identifier('cl-rut', ['00000000-X', '0000000-X'], near('rut', 'run', 'chile*')),
  identifier('ar-cuit', ['00-00000000-0']),
  identifier('ae-emirates-id', ['784-0000-0000000-0']),
  identifier('pk-cnic', ['00000-0000000-0']),
  identifier('vin', ['XXXXXXXXXXXXXXXXX'], { near: ['vin', 'vehicle*', 'chassis', 'car'] }),
  // Numbers of documents, which have no check and many forms: their name must stand before them.
  {
    name: 'passport-number',
    anchors: ['passport', 'reisepass', 'passeport', 'pasaporte', 'passaporto'],
    fold: true,
    flags: 'i',
    pattern:
      '(?:passport|reisepass|passeport|pasaporte|passaporto)(?:[-_ ]?(?:number|nummer|num|no|nr|id|n[o°º]))?\\.?["\']?(?:\\s{0,2}(?:is|was|:|=|#|-)){0,2}\\s{0,2}["\'(]?(?<secret>[A-Z]{0,3}[0-9]{6,9}[A-Z]?|[CFGHJKLMNPRTVWXYZ][CFGHJKLMNPRTVWXYZ0-9]{8})(?![A-Za-z0-9])',
    check: 'three-digits',
  },
  {
    name: 'driver-licence',
    anchors: ['licen[cs]e', 'f\xffhrerschein', 'fuehrerschein'],
    fold: true,
    flags: 'i',
    pattern:
      "(?:(?<=driver['’]?s?[-_ ]{0,2})licen[cs]e|(?<=driving[-_ ]{0,1})licen[cs]e|f(?:ü|ue)hrerschein)[a-z]{0,8}(?:[-_ ]?(?:number|nummer|num|no|nr|id|#))?\\.?[\"']?(?:\\s{0,2}(?:is|was|:|=|#|-)){0,2}\\s{0,2}[\"'(]?(?<secret>[A-Z]{0,5}[- ]?[0-9][A-Z0-9-]{4,17})(?![A-Za-z0-9])",
    check: 'three-digits',
  },
]

/** Rules under which numbers that are digits alone are found, see detectors/number-run.ts. */
export const NUMBER_RUN_RULES: readonly string[] =
  'us-ssn us-itin us-routing ca-sin au-tfn au-acn nl-bsn pt-nif gr-afm il-id us-ein uk-nhs us-npi au-medicare at-svnr bg-egn dk-cpr se-personnummer pl-nip ru-inn no-fodselsnummer be-nrn pl-pesel br-cpf de-steuer-id tr-tckn hr-oib ee-isikukood au-abn it-partita-iva ar-cuit ru-snils lv-personas-kods in-aadhaar jp-my-number my-nric ch-ahv za-id ro-cnp th-id kr-rrn pk-cnic br-cnpj fr-nir imei ae-emirates-id cn-resident-id'.split(
    ' ',
  )
