import { describe, expect, it } from 'vitest'
import { SECOND_PERSONAL, SECOND_SECRETS, secondCases } from '../../bench/redaction/labelled/second/cases.ts'
import { SECOND_CLEAN } from '../../bench/redaction/labelled/second/clean.ts'
import { createRedactor, normalizeTokens } from '../../src/redaction/index.ts'

const redactor = createRedactor({ key: new Uint8Array(32).fill(5) })
const redact = (text: string): string => (/^\s*[{[]/.test(text) ? redactor.redactJson(text) : redactor.redactText(text)).value

describe('cases written from memory', () => {
  it.each([
    ['credentials', SECOND_SECRETS],
    ['personal data', SECOND_PERSONAL],
  ])('%s: nothing of them is left', (_, templates) => {
    for (const { text, secrets } of secondCases(templates))
      for (const secret of secrets) expect(normalizeTokens(redact(text)), text).not.toContain(secret)
  })
  it('stay as they are where there is nothing to find', () => {
    for (const { text } of secondCases(SECOND_CLEAN)) expect(redact(text)).toBe(text)
  })

  it.each([
    ['пароль: «Kx93!mango7»'],
    ['密码: «Kx93!mango7» ok'],
    ['HTTPBasicAuth("ana", "«Tr0ub4dor&3»")'],
    ['const k = process.env["API_KEY"] || "«a8f5f167f44f4964e6c998dee827110c»"'],
    ['SECRET_KEY_BASE=«76926bf61d5b7abe2d62d42910d17f21ee67130b»'],
    ['{"user":{"date_of_birth":"«1984-03-05T00:00:00Z»","latitude":"«48.858370»"},"lat":[«48.858370»,2]}'],
    ['call «0033 6 12 34 56 78»'],
    ['your number is «415 555 2671»'],
  ])('go where they are written so: %s', (labelled) => {
    const value = redact(labelled.replace(/[«»]/g, ''))
    for (const [, secret = ''] of labelled.matchAll(/«(.*?)»/g)) expect(value).not.toContain(secret)
  })
  it.each([
    ['{"lat":12,"lng":3.5,"dob":"unknown","birthday":null,"format":1.23456}'],
    ['it was 21.5° C, 48.85° in the shade'],
    ['password ?? "default"'],
    ['const token = opts.token ?? await getToken()'],
    ['<add key="PasswordLength" value="12"/><add key="ResetToken" value="true"/>'],
    ['ENV NODE_ENV production'],
    ['das Passwort lautet wie immer, das Passwort ist falsch'],
    ['mot de passe oublié ? mot de passe : obligatoire'],
    ['la contraseña es incorrecta, senha: inválida'],
    ['The password is Base64-encoded.'],
    ['numbers 98765 43210 and 71234 56789, ticket number 415 555 2671'],
  ])('stay: %s', (text) => expect(redact(text)).toBe(text))
})
