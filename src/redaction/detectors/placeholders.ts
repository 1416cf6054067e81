/** What stands in documentation and templates where a secret would be, and what code has instead of one. Compared in lower case. */
const WORDS = new Set(
  (
    'password passwd passphrase pwd secret token key apikey api_key string str text value values none null nil undefined true false yes no on off ' +
    'required optional hidden redacted masked removed filtered placeholder example sample dummy todo tbd changeme change_me change-me changeit ' +
    'replaceme replace_me replace-me yourpassword your_password mypassword my_password default empty unknown invalid missing enabled disabled ' +
    'number integer boolean object array any bytes int bool float char field input prompt label title name username user email login logout ' +
    'admin_password root_password <password> not_set unset unauthorized forbidden expired incorrect wrong reset forgot confirm confirmation ' +
    'self.password this.password os.environ process.env function return async await const let var new import export class type interface'
  ).split(' '),
)
const LONGEST_WORD = Math.max(...[...WORDS].map((word) => word.length))
const TEMPLATE =
  /^(?:<.{0,80}>|\[.{0,80}\]|\{.{0,80}\}|\$\{?[A-Za-z_][\w.]{0,64}\}?|%[A-Za-z_]{1,64}%|%s|%\([a-z_]{1,40}\)s|@[A-Z_]{1,40}@|#\{.{0,80}\}|\.{3,}.{0,8}|…)$/
const PHRASE =
  /^(?:<|\[|\{)?(?:your|my|the|some|insert|enter|put|paste|replace|change|add|use|set|provide|example|sample|dummy|fake|placeholder|todo|redacted)(?:[-_. ](?:own|new|real|actual|api|app|client|secret|access|auth|private|db|database|super|strong|long|random|very|password|passwd|token|key|value|here|me|it|this|with|goes|id|openai|anthropic|github|aws|google|stripe|hf|user|service|account|please))+(?:>|\]|\})?$/i
const RUNS =
  /^(?:[*xX.•…#_-]{1,256}|(?:xx|XX|\*\*|\.\.)[-_*xX.]{0,256}|(.)\1{3,256}|[a-z]{2,8}[-_][xX*.]{4,256}|(?:[xX*]{2,64}[-_])+[xX*]{2,64}|[A-Za-z0-9_-]{1,16}[-_][xX*.]{6,256}|\[?redacted\]?|\(?hidden\)?)$/i

/** Whether a value says that none stands there. */
export function isPlaceholder(value: string): boolean {
  return (value.length <= LONGEST_WORD && WORDS.has(value.toLowerCase())) || RUNS.test(value) || TEMPLATE.test(value) || PHRASE.test(value)
}

/** `AKIAXXXXXXXXXXXXXXXX`: no key ends with one sign twelve times over. */
export const isMaskedKey = (secret: string): boolean => /^([xX*•])\1{11}$/.test(secret.slice(-12))

const TYPE_NAMES: ReadonlySet<string> = new Set(['string', 'number', 'integer', 'boolean', 'object', 'array', '<string>', 'String'])
/** Of GraphQL, and where a value is to be found. */
const TYPE_OR_VARIABLE = /^(?:(?:String|ID|Int|Float|Boolean)!|env:[A-Z][A-Z0-9_]{2,64})$/
/** `{ "apiKey": "string" }`, as descriptions of an API have it; `password: String!`, `"apiKey": "env:OPENAI_API_KEY"`. */
export const isTypeName = (value: string): boolean => TYPE_NAMES.has(value) || TYPE_OR_VARIABLE.test(value)

const USERS =
  /^(?:<.{1,40}>|(?:your|my|the|some|db|database|api|proxy)?[-_]?(?:user|username|user[-_]name|usr|uname|login|name|account)|(?:your|my)[-_]?(?:db|proxy)[-_]?user(?:name)?)$/i
const PASSWORDS =
  /^(?:<.{1,40}>|(?:your|my|the|some|db|database|api|proxy)?[-_]?(?:password|passwd|passw|pass|pwd|pw|passphrase)|(?:your|my)[-_]?(?:db|proxy|secret)[-_]?password|\.{3}|…)$/i
/** `user:password` before a host: a password that is but the word for one counts only where the user is such a word, too. */
export const isPlaceholderPair = (user: string, password: string): boolean => USERS.test(user) && PASSWORDS.test(password)

/** Shannon entropy of the characters, in bits for each; at most 512 are looked at. */
export function randomness(text: string): number {
  const counts = new Map<number, number>()
  const length = Math.min(512, text.length)
  for (let index = 0; index < length; index++) {
    const code = text.charCodeAt(index)
    counts.set(code, (counts.get(code) ?? 0) + 1)
  }
  let bits = 0
  for (const count of counts.values()) bits -= (count / length) * Math.log2(count / length)
  return bits
}
