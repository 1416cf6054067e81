/** What a reader looks for, and the first detector of the labelled set that belongs to it: the set is in this order. */
const FIRST_OF_CLASS: readonly (readonly [detector: string, name: string])[] = [
  ['anthropic-api-key', 'keys of model vendors and their tools'],
  ['aws-access-key-id', 'keys of clouds and databases'],
  ['vault-token', 'keys of deployment and of stores of secrets'],
  ['github-token', 'tokens of source hosting and registries'],
  ['segment-token', 'keys of CI, monitoring and analytics'],
  ['onepassword-token', 'keys of identity and password managers'],
  ['slack-token', 'tokens of chat and social networks'],
  ['stripe-key', 'keys of payment and shops'],
  ['sendgrid-api-key', 'keys of mail and telephony'],
  ['airtable-token', 'keys of other services'],
  ['private-key', 'private keys, JSON Web Tokens'],
  ['aws-secret-access-key', 'keys told by what stands beside them'],
  ['session-cookie', 'headers, cookies, URLs, passwords, assignments'],
  ['email', 'e-mail addresses'],
  ['payment-card', 'payment cards, IBAN'],
  ['us-ssn', 'national identifiers'],
  ['phone', 'phone numbers'],
  ['ip-address', 'IP and MAC addresses'],
  ['birth-date', 'birth dates, coordinates'],
]

/** By detector, given all of them in the set's order. Throws where the order is another one than the table says. */
export function classesOf(detectors: readonly string[]): ReadonlyMap<string, string> {
  const classes = new Map<string, string>()
  let next = 0
  for (const detector of detectors) {
    if (detector === FIRST_OF_CLASS[next]?.[0]) next++
    classes.set(detector, FIRST_OF_CLASS[next - 1]?.[1] ?? detector)
  }
  if (next !== FIRST_OF_CLASS.length) throw new Error(`labelled set: no detector ${FIRST_OF_CLASS[next]?.[0]} where its class begins`)
  return classes
}
