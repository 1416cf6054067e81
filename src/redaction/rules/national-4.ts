import type { RuleData } from '../rule.ts'

interface NationalKind {
  readonly name: string
  /** Words of which one must stand near, see RuleData.near. */
  readonly words: readonly string[]
  /** Lengths of the number where it is digits alone. */
  readonly runs?: readonly number[]
  /** Other forms: `0` is a digit, `A` a capital, `X` either, a small letter the capital of it. */
  readonly shapes?: readonly string[]
}

/** Words that say that a number is a person's, for those whose date and check digits leave little to chance. */
const PERSON = [
  'national id*',
  'identity',
  'id number',
  'id no',
  'id card',
  'personal id*',
  'personal number',
  'national number',
  'citizen*',
]
const kind = (name: string, words: readonly string[], runs: readonly number[], shapes: readonly string[] = []): NationalKind => ({
  name,
  words,
  ...(runs.length > 0 && { runs }),
  ...(shapes.length > 0 && { shapes }),
})

const CEDULA = ['cédula*', 'cedula*', 'céd', 'documento de identidad', 'documento de identificación']

/** Identifiers that version 4 has beside those of identity.ts: what they are called, and how they are written. */
export const NATIONAL_KINDS_4: readonly NationalKind[] = [
  kind('gb-utr', ['utr', 'unique taxpayer*', 'self assessment', 'taxpayer reference'], [10], ['00000 00000']),
  kind('gb-upn', ['upn', 'unique pupil*', 'pupil number'], [], ['A000000000000', 'A00000000000X']),
  kind(
    'fr-spi',
    ['numéro fiscal*', 'numero fiscal*', 'n° fiscal', 'nº fiscal', 'spi', 'référence fiscal*', 'identifiant fiscal', 'tax*'],
    [13],
    ['00 00 000 000 000'],
  ),
  kind(
    'pt-cartao-de-cidadao',
    [
      'cartão de cidadão',
      'cartão do cidadão',
      'cartao de cidadao',
      'cartao do cidadao',
      'do cc',
      'n º cc',
      'nº cc',
      'número cc',
      'citizen card',
    ],
    [],
    ['000000000AA0', '00000000 0 AA0', '00000000 0AA0', '00000000-0AA0', '00000000-0-AA0', '000000000XX0', '00000000 0 XX0'],
  ),
  kind('hu-adoazonosito', ['adóazonosító*', 'adoazonosito*', 'adószám*', 'adóazon*', 'hungarian tax', 'tax id*'], [10]),
  kind('hu-taj', ['taj', 'társadalombiztosítási*', 'tarsadalombiztositasi*'], [9], ['000 000 000', '000-000-000']),
  kind(
    'jmbg',
    [
      'jmbg',
      'јмбг',
      'emšo',
      'emso',
      'embg',
      'ембг',
      'јмб',
      'jmb',
      'matični broj',
      'maticni broj',
      'матични број',
      'матичен број',
      'matična številka',
      ...PERSON,
    ],
    [13],
  ),
  kind('gr-amka', ['amka', 'αμκα', 'α μ κ α', 'social security', 'greek*'], [11]),
  kind('is-kennitala', ['kennital*', 'kt', 'icelandic*', ...PERSON], [10], ['000000-0000']),
  kind(
    'ua-rnokpp',
    ['рнокпп', 'іпн', 'rnokpp', 'rntrc', 'реєстраційний номер', 'ідентифікаційний*', 'податковий номер', 'инн', 'drfo', 'дрфо'],
    [10],
  ),
  kind('md-idnp', ['idnp', 'cod personal', 'codul personal', 'moldov*'], [13]),
  kind(
    'es-seguridad-social',
    ['seguridad social', 'afiliación', 'afiliacion', 'nuss', 'naf', 'nass', 'social security'],
    [12],
    ['00/00000000/00', '00/0000000000', '00 00000000 00', '00 0000000000', '00-00000000-00'],
  ),
  kind('pl-id-card', ['dowód*', 'dowod*', 'dowodu', 'polish id', 'seria i numer'], [], ['AAA000000', 'AAA 000000']),
  kind('bg-lnch', ['лнч', 'lnch', 'личен номер на чужденец'], [10]),
  kind(
    'by-personal-number',
    ['личный номер', 'идентификационный номер', 'асабісты нумар', 'ідэнтыфікацыйны', 'беларус*', 'belarus*', ...PERSON],
    [],
    ['0000000A000AA0'],
  ),
  kind(
    'al-nid',
    ['nid', 'numri personal*', 'nr personal', 'numri i identitetit', 'letërnjoftim*', 'leternjoftim*', 'albania*'],
    [],
    ['A00000000A'],
  ),
  kind('cy-tic', ['tic', 'tax identification', 'αφτ', 'α φ τ', 'cyprus*', 'cypriot*'], [], ['00000000A']),
  kind('lu-matricule', ['matricule*', 'cns', 'luxemb*', 'lëtzebuerg*', 'sozialversicherung*', ...PERSON], [13]),
  kind('ru-ogrnip', ['огрнип', 'ogrnip'], [15]),
  kind('tr-vkn', ['vkn', 'vergi*'], [10]),
  kind('kz-iin', ['иин', 'жсн', 'iin', 'казахстан*', 'kazakh*', ...PERSON], [12]),
  kind('uz-pinfl', ['пинфл', 'жшшир', 'pinfl', 'jshshir', 'uzbek*', ...PERSON], [14]),
  kind('kg-pin', ['инн', 'пин', 'жеке номер*', 'кыргыз*', 'kyrgyz*'], [14]),

  kind('nz-ird', ['ird', 'inland revenue'], [9], ['000-000-000', '00-000-000', '000 000 000', '00 000 000']),
  kind('nz-nhi', ['nhi', 'national health index'], [], ['AAA0000', 'AAA00A0', 'AAA00AA']),
  kind('au-ihi', ['ihi', 'healthcare identifier*', 'health identifier*'], [16], ['0000 0000 0000 0000']),
  kind(
    'ca-bc-phn',
    ['phn', 'personal health*', 'health card', 'care card', 'carecard', 'bc services card', 'msp'],
    [10],
    ['0000 000 000', '0000-000-000'],
  ),
  kind(
    'ca-ohip',
    ['ohip', 'health card', 'ontario health*', 'carte santé', 'health insurance number'],
    [10],
    ['0000 000 000', '0000-000-000', '0000-000-000-AA', '0000-000-000 AA', '0000 000 000 AA', '0000000000AA'],
  ),
  kind(
    'ca-ramq',
    ['ramq', 'assurance maladie', 'nam', 'carte soleil', 'health insurance*'],
    [],
    ['AAAA 0000 0000', 'AAAA00000000', 'AAAA-0000-0000'],
  ),
  kind('mx-nss', ['nss', 'imss', 'seguro social', 'seguridad social'], [11], ['00-00-00-0000-0', '00 00 00 0000 0', '00-00-00-00000']),
  kind(
    'co-nit',
    ['nit', 'nits', 'dian', 'colombia*', 'identificación tributaria', 'identificacion tributaria'],
    [10],
    ['000000000-0', '000.000.000-0', '00000000-0', '00.000.000-0', '0000000000-0', '0.000.000.000-0', '000 000 000-0', '000.000.000 0'],
  ),
  kind('pe-dni', ['dni', 'cui', 'documento nacional de identidad'], [], ['00000000-X', '00000000 - X']),
  kind('pe-ruc', ['ruc', 'sunat', 'registro único de contribuyente*'], [11]),
  kind('ec-cedula', [...CEDULA, 'c i', 'ecuador*'], [10], ['000000000-0']),
  kind('ec-ruc', ['ruc', 'sri', 'registro único de contribuyente*', 'ecuador*'], [13]),
  kind('uy-cedula', [...CEDULA, 'ci', 'c i', 'uruguay*'], [], ['0.000.000-0', '0.000.000/0']),
  kind('uy-cedula', [...CEDULA, 'c i', 'uruguay*'], [], ['0000000-0', '000.000-0']),
  kind('do-cedula', [...CEDULA, 'dominican*'], [11], ['000-0000000-0']),
  kind(
    've-rif',
    ['rif', 'seniat', 'venez*', ...CEDULA],
    [],
    ['V-00000000-0', 'E-00000000-0', 'J-00000000-0', 'P-00000000-0', 'G-00000000-0'],
  ),
  kind(
    've-rif',
    ['rif', 'seniat'],
    [],
    ['V000000000', 'E000000000', 'J000000000', 'G000000000', 'V-000000000', 'J-000000000', 'V00000000-0', 'J00000000-0'],
  ),
  kind('py-ruc', ['ruc', 'paragua*', 'contribuyente*'], [], ['000000-0', '0000000-0', '00000000-0']),
  kind('gt-nit', ['nit', 'guatemal*', 'tributaria'], [], ['000000-X', '0000000-X', '00000000-X']),
  kind('cr-cedula', [...CEDULA], [], ['0-0000-0000', '00-0000-0000']),
  kind('sv-dui', ['dui', 'documento único*', 'documento unico*'], [], ['00000000-0']),
  kind('sv-nit', ['nit', 'tributaria', 'salvador*'], [14], ['0000-000000-000-0']),
  kind('cu-ni', ['carné de identidad', 'carne de identidad', 'carnet de identidad', 'número de identidad', 'cuba*'], [11]),
  kind('br-pis', ['pis', 'pasep', 'nis', 'nit', 'pis/pasep'], [11], ['000.00000.00-0', '000.00000-00-0']),
  kind('br-cns', ['cns', 'cartão sus', 'cartao sus', 'cartão nacional de saúde', 'cartao nacional de saude'], [15], ['000 0000 0000 0000']),
  kind('sa-id', ['iqama', 'saudi*', 'رقم الهوية', 'الهوية', 'هوية', 'الإقامة', 'إقامة', 'absher'], [10]),
  kind('kw-civil-id', ['civil id*', 'الرقم المدني', 'رقم مدني', 'البطاقة المدنية', 'kuwait*', ...PERSON], [12]),
  kind('eg-id', ['الرقم القومي', 'رقم قومي', 'egypt*', ...PERSON], [14]),
  kind('ir-national-id', ['کد ملی', 'کدملی', 'شماره ملی', 'melli', 'iran*'], [10], ['000-000000-0']),
  kind('vn-cccd', ['cccd', 'căn cước*', 'can cuoc*', 'số định danh', 'so dinh danh', 'vietnam*'], [12]),
  kind('vn-mst', ['mst:', 'mst số', 'mã số thuế', 'ma so thue'], [10]),
  kind('id-nik', ['nik', 'ktp', 'e ktp', 'nomor induk*'], [16], ['0000 0000 0000 0000']),
  kind('id-npwp', ['npwp', 'nomor pokok wajib*'], [15], ['00.000.000.0-000.000']),
  kind(
    'lk-nic',
    ['nic no*', 'nic number', 'nic:', 'national identity*', 'sri lanka*', 'identity card', 'ජාතික හැඳුනුම්පත*'],
    [12],
    ['000000000v', '000000000x'],
  ),
  kind('gh-card', ['ghana*', ...PERSON], [], ['gha-000000000-0']),
  kind('mu-nid', ['nid', 'nic', 'mauriti*', ...PERSON], [], ['A0000000000000', 'A000000000000X']),
]

/** The same where number-run.ts knows the number, but not in these words. */
export const MORE_RUN_WORDS_4: readonly NationalKind[] = [
  kind('il-id', ['ת ז', 'ת"ז', 'ת״ז', 'תז', 'תעודת זהות', 'מספר זהות', 'הויה'], [9]),
  kind('gr-afm', ['αφμ', 'α φ μ'], [9]),
  kind('bg-egn', ['егн', 'единен граждански'], [10]),
  kind('ru-inn', ['инн'], [10, 12]),
  kind('cz-rodne-cislo', ['rodne cislo', 'rodné číslo', 'rodneho cisla', 'r č', 'rč', 'birth number'], [10], ['000000/0000', '000000/000']),
  kind('uk-nhs', ['nhs no*', 'nhs #', 'chi number', 'community health index', 'hcn'], [10]),
  kind('de-steuer-id', ['id nr', 'ident nr', 'identnr', 'steuernummer'], [11]),
  kind('ru-snils', ['снилс'], [11]),
  kind('jp-my-number', ['マイナンバー', '個人番号'], [12]),
  kind('kr-rrn', ['주민등록번호', '주민번호', '외국인등록번호', 'frn', 'alien registration*'], [13]),
  kind('th-id', ['tnin', 'เลขประจำตัวประชาชน', 'เลขบัตรประชาชน', 'บัตรประชาชน', 'เลขประจําตัวประชาชน'], [13]),
  kind('at-svnr', ['sv nummer', 'sv nr', 'svnummer', 'vsnr', 'e card'], [10]),
  kind('pt-nif', ['número fiscal', 'numero fiscal', 'n º fiscal', 'identificação fiscal', 'identificacao fiscal'], [9]),
  kind('us-ssn', ['seguro social'], [9]),
  kind('hr-oib', ['osobni identifikacijski*'], [11]),
  kind('se-personnummer', ['persnr', 'pers nr', 'samordningsnummer'], [10, 12]),
  kind('in-aadhaar', ['आधार*', 'ஆதார்*', 'ఆధార్*', 'আধার*', 'આધાર*'], [12]),
  kind('my-nric', ['kad pengenalan', 'no kp', 'nokp', 'ic no*', 'ic number'], [12]),
  kind('ae-emirates-id', ['رقم الهوية', 'الهوية', 'eid', 'emirates*'], [15]),
  kind('pk-cnic', ['شناختی کارڈ', 'nadra'], [13]),
  kind('imei', ['imei', 'handset', 'device id*', 'phone'], [], ['00-000000-000000-0', '00 000000 000000 0', '000000-00-000000-0']),
  kind('hk-id', ['hkid*', 'hong kong*', '香港身份證*', '香港身份证*', '身份證號碼', 'identity card'], [], ['A000000(X)', 'AA000000(X)']),
]

/** What a shape means, as an anchor and as a pattern. */
const CLASSES: Readonly<Record<string, string>> = { '0': '[0-9]', A: '[A-Z]', X: '[A-Z0-9]' }
const anchorOf = (shape: string): string => [...shape].map((char) => CLASSES[char] ?? char.toUpperCase()).join('')
const patternOf = (shape: string): string =>
  [...shape].map((char) => CLASSES[char] ?? char.toUpperCase().replace(/[.()/]/, '\\$&')).join('')

const longestFirst = (shapes: readonly string[]): string[] => [...shapes].sort((a, b) => b.length - a.length)

/** A comma before such a number parts columns: see `number:` in scanner/compile.ts. */
const written = ({ name, words, shapes = [] }: NationalKind): RuleData => ({
  name,
  anchors: [...new Set(shapes.map(anchorOf))],
  after: 'number-boundary',
  pattern: `(?<![0-9a-f]{4}-|[0-9][-/:])(?:${longestFirst(shapes).map(patternOf).join('|')})(?![A-Za-z0-9_]|[-./][0-9])`,
  check: `number:${name}`,
  near: words,
})

export const NATIONAL_RULES_4: readonly RuleData[] = [
  ...[...NATIONAL_KINDS_4, ...MORE_RUN_WORDS_4].filter(({ shapes }) => shapes !== undefined).map(written),
  {
    name: 'national-id',
    gives: [...new Set([...MORE_RUN_WORDS_4, ...NATIONAL_KINDS_4].filter(({ runs }) => runs !== undefined).map(({ name }) => name))],
    anchors: ['[0-9]'.repeat(9)],
    after: 'number-boundary',
    detector: 'number-run-4',
  },
]
