import { withoutTokens } from '../tokens.ts'

/** Names in code and in prose made alike: `customerSsn`, `customer_ssn` and `Customer SSN` are words in lower case. */
export function asWords(text: string): string {
  return withoutTokens(text)
    .replace(/([a-z])([A-Z])/g, '$1 $2')
    .replace(/[-_.\s]+/g, ' ')
    .toLowerCase()
}
