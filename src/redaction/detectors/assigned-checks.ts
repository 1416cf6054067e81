import { isPlaceholder, randomness } from './placeholders.ts'

const hasLetter = (text: string): boolean => /\p{L}/u.test(text)
const hasDigit = (text: string): boolean => /[0-9]/.test(text)
const hasSymbol = (text: string): boolean => /[!@#$%^&*?+=~]/.test(text)

/** Calls, paths of names, templates: what code has where a literal could be. */
function isCode(secret: string, text: string, end: number): boolean {
  const next = text[end]
  if (next === '(' || next === '[') return true
  if (/^[A-Za-z_$][\w$]{0,64}(?:(?:\??\.|::|->)[A-Za-z_$][\w$]{0,64}){1,8}\(?\)?$/.test(secret)) return true
  if (/\$\{|\{\{|\{[a-z_][\w.]{0,40}\}|%\(|<%|\$\(/i.test(secret)) return true
  return isNameOfSame(secret)
}

/** A name that says the same again (`token = user_token`). */
const isNameOfSame = (secret: string): boolean =>
  /^[\w$-]{0,96}(?<![^_$-])(?:secret|token|passw(?:or)?d|pwd|passphrase|credentials?|api_?key|key)s?[0-9]{0,2}$|^[a-z]{0,40}(?:secret|token|passw(?:or)?d|passphrase|apikey)s?$/i.test(
    secret,
  ) || /^[a-z][A-Za-z0-9]{0,60}[a-z0-9](?:Secret|Token|Passw(?:or)?d|Pwd|Passphrase|Credentials?|Key)s?[0-9]{0,2}$/.test(secret)
const isAddress = (secret: string): boolean =>
  /^[a-z][a-z0-9+.-]{1,16}:\/\//i.test(secret) || /^(?:~|\.{1,2})?\/[A-Za-z0-9._-]{1,64}\//.test(secret) || /^[A-Za-z]:\\/.test(secret)
const isDigest = (secret: string): boolean => /^(?:sha[0-9]{1,3}|md5|blake[23][bs]?)(?:[:-]|$)/i.test(secret)
const isDateOrVersion = (secret: string): boolean =>
  /^[vV]?[0-9]{1,5}(?:\.[0-9]{1,5}){1,4}(?:[-.+]?(?:alpha|beta|rc|dev|post|pre|snapshot|final)[\w.+-]{0,24})?$/i.test(secret) ||
  /^[0-9]{1,4}[-/.][0-9]{1,2}[-/.][0-9]{1,4}(?:[T ][0-9:.]{4,18}(?:Z|[+-][0-9:]{2,5})?)?$/.test(secret) ||
  /^[0-9]{1,2}:[0-9]{2}(?::[0-9.]{2,9})?$/.test(secret)

const isHarmless = (secret: string, text: string, end: number): boolean =>
  isPlaceholder(secret) || isCode(secret, text, end) || isAddress(secret) || isDigest(secret)

/** Whether the assignment is of the kind that only configuration, queries and flags have: no blanks, the value ends the word. */
function isBareAssignment(secret: string, text: string, end: number): boolean {
  const start = end - secret.length
  const after = text[end]
  if (text[start - 1] !== '=' || /[\s]/.test(text[start - 2] ?? ' ')) return false
  if (after !== undefined && !/[\s;&"'`<]/.test(after)) return false
  let from = start - 2
  while (from > 0 && start - from < 48 && /[A-Za-z0-9_.-]/.test(text[from - 1] ?? '')) from--
  const name = text.slice(from, start - 1)
  const before = text[from - 1]
  // `DB_PASSWORD=`, `?password=`, `;password=`, `--password=`.
  return /^[A-Z0-9_]+$/.test(name) || before === '?' || before === '&' || before === ';' || name.startsWith('--')
}

export function isAssignedPassword(secret: string, text: string, end: number): boolean {
  if (isHarmless(secret, text, end)) return false
  if (secret.length >= 6 && (hasLetter(secret) || hasSymbol(secret)) && (hasDigit(secret) || hasSymbol(secret)) && !isDateOrVersion(secret))
    return true
  if (isBareAssignment(secret, text, end)) return true
  // `DB_PASSWORD: qWertZuiop`
  const name = text.slice(Math.max(0, end - secret.length - 24), end - secret.length)
  return secret.length >= 8 && /[A-Z]_?[A-Z]{4,}["']?\s{0,2}[:=]\s{0,2}["']?$/.test(name) && /[a-z][A-Z]/.test(secret)
}

export function isAssignedMixed(secret: string, text: string, end: number): boolean {
  return (
    !isHarmless(secret, text, end) &&
    hasLetter(secret) &&
    hasDigit(secret) &&
    !isDateOrVersion(secret) &&
    !/^[a-z]+(?:[-_.][a-z0-9]+){1,8}$/.test(secret)
  )
}

/** Version 3 leaves tags of YAML alone, behind which the value is to come: `password: !vault |`. */
export const isAssignedPassword3 = (secret: string, text: string, end: number): boolean =>
  !/^!(?:vault|secret|env|Ref|Sub|GetAtt|ImportValue|Join|include|reference|encrypted)[\w/]{0,32}$/.test(secret) &&
  isAssignedPassword(secret, text, end)

/** `quoted`: the whole inside of quotes. */
export function isQuotedPassword(secret: string, text: string, end: number): boolean {
  if (isPlaceholder(secret) || /^[\w$-]{0,128}(?:passw(?:or)?d|pwd|passphrase)s?$/i.test(secret) || isAddress(secret) || isDigest(secret))
    return false
  if (/\$\{|\{\{|\{[a-z_][\w.]{0,40}\}|%\(|%s|<%|\$\(|^\$[A-Z_]|^[<[(].*[>\])]$/i.test(secret)) return false
  if (!hasLetter(secret) && !hasDigit(secret)) return false
  const name = text.slice(Math.max(0, end - secret.length - 24), end - secret.length)
  if (/\s/.test(secret)) return /phrase/i.test(name) && !/[.?!:]$/.test(secret)
  // Keys of messages and forms (`auth.password.required`, `password_label`).
  return !/^[a-z]+(?:[._:/|-][a-z]+){1,8}$/.test(secret)
}

export function isQuotedMixed(secret: string, text: string, end: number): boolean {
  return isQuotedPassword(secret, text, end) && !/\s/.test(secret) && hasLetter(secret) && (hasDigit(secret) || hasSymbol(secret))
}

export function isAssignedCredential(secret: string, text: string, end: number): boolean {
  if (isHarmless(secret, text, end) || isDateOrVersion(secret)) return false
  if (/^[a-z0-9]+(?:[-_.][a-z]+[0-9]{0,2}){1,8}$/.test(secret) && randomness(secret) < 3.6) return false
  return hasLetter(secret) && (hasDigit(secret) || randomness(secret) >= 4)
}

export function isQuotedCredential(secret: string, text: string, end: number): boolean {
  if (!isQuotedPassword(secret, text, end) || isNameOfSame(secret) || /\s/.test(secret) || isDateOrVersion(secret)) return false
  if (/^[A-Za-z_$][\w$]{0,64}(?:\.[A-Za-z_$][\w$]{0,64}){1,8}$/.test(secret) && !hasDigit(secret)) return false
  return (
    hasLetter(secret) &&
    (hasDigit(secret) || hasSymbol(secret) || (/[a-z]/.test(secret) && /[A-Z]/.test(secret) && randomness(secret) >= 3.5))
  )
}

export function isAssignedToken(secret: string, text: string, end: number): boolean {
  if (isHarmless(secret, text, end) || isDateOrVersion(secret) || /^[A-Za-z_]+[0-9]{0,3}$/.test(secret)) return false
  if (secret.length >= 16) return hasLetter(secret) && hasDigit(secret)
  // Shorter ones only where nothing but a value can stand.
  return hasLetter(secret) && hasDigit(secret) && /[a-z]/i.test(secret) && randomness(secret) >= 2.7 && isBareAssignment(secret, text, end)
}

/** Version 3 tells a run of letters that nobody would name something (`dZTZHjxOZcbvEICNht69`) from a name. */
export function isAssignedToken3(secret: string, text: string, end: number): boolean {
  if (isAssignedToken(secret, text, end)) return true
  if (!/^[A-Za-z]{12,64}[0-9]{1,3}$/.test(secret) || isHarmless(secret, text, end)) return false
  const capitals = secret.replace(/[^A-Z]/g, '').length / secret.length
  return capitals >= 0.3 && capitals <= 0.7 && randomness(secret) >= 3.5
}

export function isFlagValue(secret: string, text: string, end: number): boolean {
  if (isHarmless(secret, text, end) || /^[-/.~@]/.test(secret) || /^[A-Z][A-Z_]{2,40}$/.test(secret)) return false
  const flag = text.slice(Math.max(0, end - secret.length - 16), end - secret.length)
  if (/pass/i.test(flag))
    return (
      !/^(?:and|or|to|flag|option|is|for|argument|value)$/i.test(secret) && (hasDigit(secret) || hasSymbol(secret) || secret.length >= 7)
    )
  return hasLetter(secret) && hasDigit(secret) && !isDateOrVersion(secret) && !/^[a-z]+(?:[-_.][a-z0-9]+){1,8}$/.test(secret)
}

export function isSpokenPassword(secret: string, text: string, end: number): boolean {
  if (isHarmless(secret, text, end) || isDateOrVersion(secret)) return false
  if (!hasLetter(secret) || !(hasDigit(secret) || /[!@#$%^&*]/.test(secret))) return false
  return !/^(?:[a-z]+-)*[a-z]+-?[0-9]{0,3}$/i.test(secret) || /^[a-z]+[0-9]{1,6}$/i.test(secret)
}

/** Version 3 takes a word with a capital and a number behind it for one, too (`Sunflower-42`), and none for what says how it is kept. */
export const isSpokenPassword3 = (secret: string, text: string, end: number): boolean =>
  (isSpokenPassword(secret, text, end) && !/^[A-Za-z0-9]+-(?:encoded|hashed|encrypted|protected|based|only|free)$/i.test(secret)) ||
  (/^[A-Z][a-z]{3,32}[-_.][0-9]{1,8}$/.test(secret) && !isHarmless(secret, text, end))

export function isConnectionPassword(secret: string, text: string, end: number): boolean {
  const start = end - secret.length
  if (isPlaceholder(secret) || isCode(secret, text, end)) return false
  const before = text.slice(Math.max(0, start - 160), start)
  return (
    /;\s{0,3}(?:password|pwd)\s?=\s?$/i.test(before) &&
    /(?:^|[\s;"'`])(?:server|data source|address|addr|network address|host|driver|dsn|user id|uid|user|username|accountendpoint|endpoint)\s?=/i.test(
      before,
    )
  )
}

/** `isPlaceholder` turned round, for rules whose surroundings say all else. */
export const isNoPlaceholder = (secret: string): boolean => !isPlaceholder(secret) && !/^\$/.test(secret)

/** A run that no one would type: letters and digits mixed, hardly a repetition. */
export function isMixedRun(secret: string, text: string, end: number): boolean {
  if (!hasLetter(secret) || !hasDigit(secret) || isHarmless(secret, text, end) || isDateOrVersion(secret)) return false
  if (/^[a-z]+(?:[-_./][a-z0-9]+){1,12}$/i.test(secret) && randomness(secret) < 3.9) return false
  if (/^[0-9a-f-]+$/.test(secret)) return secret.length >= 32 && randomness(secret) >= 3
  return secret.length >= 16 && randomness(secret) >= 3.2 && (/[a-z]/.test(secret) === /[A-Z]/.test(secret) || randomness(secret) >= 3.4)
}
