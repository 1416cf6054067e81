import type { Detector } from '../text-view.ts'
import { isSaid } from './assigned-checks-4.ts'
import { isAlnum } from './characters.ts'

/** Names of a password (and, last, of a key) right before its value, in scripts that no anchor can spell. */
const NAMES =
  /(?:парол[ьяюе]?м?|密码|密碼|口令|暗号|パスワード|暗証番号|비밀번호|패스워드|암호|סיסמה|סיסמא|كلمة المرور|كلمة السر|κωδικό[ςσ]|รหัสผ่าน|पासवर्ड|गुप्त शब्द|mật khẩu|şifre(?:m|niz)?|jelszó|hasło|lösenord|contraseña|(?:password|passwd|pass|token|secret|credential|(?:api|access|secret|auth)[-_ ]?key|密钥|密鑰|秘钥|令牌)["'`]?)\s?(?:是|は|が|이|가|은|는|为|為|равен)?\s?[：＝:=—–-]{0,2}\s?["'`«“„「『]?$/iu
const VALUE = /[^\s"'`<>(){}«»“”「」『』。，、；]{5,128}/y
const LOOK_BACK = 48

/** A password behind its name in another script, or behind a colon of such a script. The anchor ends with the first character of the value. */
export const detectSaid: Detector = ({ text }, anchorEnd) => {
  const start = anchorEnd - 1
  const before = text.slice(Math.max(0, start - LOOK_BACK), start)
  if (!NAMES.test(before)) return undefined
  // Between a Latin name and its value an operator must stand.
  if (isAlnum(before.trimEnd().charCodeAt(before.trimEnd().length - 1))) return undefined
  VALUE.lastIndex = start
  const value = VALUE.exec(text)?.[0].replace(/[.,;:!?*]+$/, '')
  return value === undefined || value.length < 6 || !isSaid(value) ? undefined : { start, end: start + value.length }
}
