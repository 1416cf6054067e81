import { describe, expect, it } from 'vitest'
import { createRedactor, normalizeTokens } from '../../src/redaction/index.ts'

const redactor = createRedactor({ key: new Uint8Array(32).fill(5) })
const inText = (text: string): string => normalizeTokens(redactor.redactText(text).value)
const inJson = (value: unknown): string => normalizeTokens(redactor.redactJson(JSON.stringify(value)).value)

describe('numbers of people in tables', () => {
  const ROWS = [
    '17,Ana Novak,9434765919,Leeds,8156189868',
    '18,Bob Miller,9434765870,York,1955839661',
    '19,"Lee, Cy",4010232137,Hull,8156189868',
  ]
  const csv = (head: string): string => `${head}\n${ROWS.join('\n')}\n`

  it('are found in each row under the title of their column', () => {
    const redacted = inText(csv('customer,name,nhs_number,city,utr'))
    for (const number of ['9434765919', '9434765870', '4010232137', '8156189868', '1955839661']) expect(redacted).not.toContain(number)
    expect(redacted).toContain('19,"Lee, Cy",')
  })
  it('are found where JSON has the table in a string', () => {
    const head = 'customer,name,nhs_number,city,utr'
    expect((JSON.parse(redactor.redactJson(JSON.stringify({ content: csv(head) })).value) as { content: string }).content).toBe(
      redactor.redactText(csv(head)).value,
    )
  })
  it('stay under a title that says nothing of them, and without one', () => {
    const head = 'customer,name,reference,city,order'
    expect(inText(csv(head))).toBe(csv(head))
    expect(inText(`${ROWS[1]}\n${ROWS[2]}\n`)).toBe(`${ROWS[1]}\n${ROWS[2]}\n`)
  })
  it('take as long as the table is', () => {
    const millisOf = (rows: number): number => {
      const text = `a,b,nhs_number,d,e\n${'18,Bob Miller,9434765870,York,1955839661\n'.repeat(rows)}`
      const begin = process.cpuUsage()
      redactor.redactText(text)
      return process.cpuUsage(begin).user / 1000
    }
    millisOf(2000)
    expect(millisOf(8000)).toBeLessThan(20 * millisOf(1000) + 50)
  })
})

describe('numbers of people as JSON numbers', () => {
  it.each([
    ['utr', 8156189868],
    ['nhsNumber', 9434765919],
    ['cpf', 11144477735],
    ['pesel', 44051401359],
    ['tckn', 10000000146],
    ['bsn', 111222333],
  ])('are found where %s names them', (name, number) => {
    expect(inJson({ id: 1, [name]: number })).toMatch(/^\{"id":1,"[A-Za-z]+":"<[a-z-]+#1>"\}$/)
    expect(inJson({ arguments: JSON.stringify({ [name]: number }) })).not.toContain(String(number))
    expect(JSON.stringify(redactor.redactValue({ [name]: number }).value)).not.toContain(String(number))
    expect(
      Buffer.from(redactor.redactPayload('application/json', Buffer.from(JSON.stringify({ [name]: number }))).value).toString(),
    ).not.toContain(String(number))
  })
  it('go by the name that they have as strings', () => {
    expect(inJson({ utr: 8156189868 })).toBe(inJson({ utr: '8156189868' }))
    expect(inJson({ label: 'UTR', value: 8156189868 })).toBe(inJson({ label: 'UTR', value: '8156189868' }))
  })
  it.each([
    ['order', 8156189868],
    ['created_at', 1718000003],
    ['utr', 8156189867],
    ['utr', 0.8156189868],
    ['utr', -8156189868],
  ])('stay where %s is %d', (name, number) => expect(inJson({ [name]: number })).toBe(JSON.stringify({ [name]: number })))
})

describe('secrets in answers of programs', () => {
  it.each([
    ['127.0.0.1:6379> HGETALL user:17\n1) "name"\n2) "ana"\n3) "password"\n4) "tr0ub4dor&3x"\n', 'tr0ub4dor&3x'],
    ['1) "azure_speech_key"\n2) "c76c262940d9245e066f0a73dd1d4738"\n3) "mode"\n4) "live"', 'c76c262940d9245e066f0a73dd1d4738'],
    ['$ redis-cli hgetall app:config\nname\nana\nregion\neu\napi_key\na7K9x2Qp4Lm8Rt6Zk1wB3nC5\n', 'a7K9x2Qp4Lm8Rt6Zk1wB3nC5'],
    ['DJANGO_SECRET_KEY=o-re9otjaw_8e7+4x8(1dvbxr4lm_fx6o2x^rt*^*9pcqnxz58\nSHLVL=2', '8(1dvbxr4lm_fx6o2x^rt*^*9pcqnxz58'],
    ['#define DJANGO_SECRET_KEY "h^8c#+m%i6aiq225gu^uk@)2xh)sw_eg23#l_!!w!b=*t#k#9_"', 'i6aiq225gu^uk@)2xh)sw_eg23#l_!!w!b=*t#k#9_'],
    ['| DJANGO_SECRET_KEY | =p+f2g==-o#b2sri21q@(#1@an^osqzf+tfe#8!!0#y%*cdvb3 | orders |', '@an^osqzf+tfe#8!!0#y%*cdvb3'],
    ['Jonas: 00FvlDpKzide5xuX172EhBkD4SRRCcwi5OGYgWeBka.', '00FvlDpKzide5xuX172EhBkD4SRRCcwi5OGYgWeBka'],
  ])('%#', (text, secret) => {
    expect(inText(text)).not.toContain(secret)
    expect(inJson({ content: text })).not.toContain(JSON.stringify(secret).slice(1, -1))
  })
  it.each([
    '1) "password"\n2) "email"\n3) "name"\n',
    'HMGET user:17 password name\npassword\nname\n',
    'sha256-00FvlDpKzide5xuX172EhBkD4SRRCcwi5OGYgWeBka3',
    'trace 00f067aa0ba902b700f067aa0ba902b7aabbccddee end',
    'lib/00FvlDpKzide5xuX172EhBkD4SRRCcwi5OGYgWeBka.js',
    'SECRET_KEY = os.environ.get("DJANGO_SECRET_KEY", default="change-me-in-production!")',
  ])('but not %s', (text) => expect(inText(text)).toBe(text))
})
