import type { Span } from '../spans.ts'
import type { LetGo } from './trace.ts'

/** What a check or detector has looked at, so that it can stand behind "proved by" and "lacks". */
const PROOFS: Readonly<Record<string, string>> = {
  'letter-and-digit': 'letters and digits',
  'upper-lower-digit': 'letters of both cases and digits',
  'three-digits': 'at least three digits',
  'basic-pair': 'base64 of a user and a password (RFC 7617)',
  jwt: 'a token header that decodes (RFC 7515)',
  'mixed-run': 'characters that look random',
  'not-placeholder': 'a value that is no placeholder',
  'quoted-password': 'a value that is no placeholder and no name',
  'quoted-mixed': 'a value that is no placeholder, with letters and digits',
  'quoted-credential': 'a value that is no placeholder and no code',
  'assigned-value': 'a value that is no code',
  'assigned-password': 'a value that is no placeholder, code or date',
  'assigned-mixed': 'a value with letters and digits that is no placeholder, code or date',
  'assigned-credential': 'a value that looks random, and is no placeholder, code or date',
  'assigned-token': 'a value with letters and digits that is no placeholder, code or date',
  'flag-value': 'a value that is no placeholder and no word',
  'spoken-password': 'a value that is no placeholder and no word',
  'connection-password': 'a connection string around it',
  'summed-token': 'the checksum of the token',
  email: 'the form of an address',
  'payment-card': 'the ranges of an issuer and the Luhn digit',
  'private-key': 'the armour of a private key',
  'url-userinfo': 'the user part of a URL',
  'number-run': 'check digits',
  'number-run-4': 'check digits',
  'passport-zone': 'the check digits of a machine-readable zone',
  'passport-name': 'the form of a machine-readable zone',
  'stellar-address': 'the checksum of an address',
  iban: 'the length of its country and the check digits',
  'international-phone': 'the form of an international number',
  'north-american-phone': 'the form of a North American number',
  'national-phone': 'the form of a national number',
  ipv4: 'the form of a public address',
  ipv6: 'the form of a public address',
  mac: 'six pairs',
  'base58-check': 'the Base58Check checksum',
  bech32: 'the Bech32 checksum',
  ethereum: 'the form of an address (EIP-55)',
  'seed-phrase': 'words that announce a recovery phrase',
  'birth-date': 'words that announce a birth date',
  coordinates: 'two numbers that are a place on earth',
  degrees: 'degrees and minutes',
  'decimal-degrees': 'degrees of north or south and of east or west',
  jwk: 'the members of a private JSON Web Key',
  luhn: 'a right Luhn digit',
  'issuer-range': 'the range and length of an issuer, alone',
  'iban-length': 'the length that its country has',
  'mod-97': 'right check digits (mod 97)',
  'public-address': 'a public address (it is private, of this host, or a version)',
}

const proofOf = (proof: string): string =>
  PROOFS[proof] ?? (/^(?:id|number):/.test(proof) ? 'the form and the digits of such a number' : proof)
const WORDS_MAX = 4
const listed = (words: readonly string[]): string =>
  words.length <= WORDS_MAX ? words.join(', ') : `${words.slice(0, WORDS_MAX).join(', ')} or the like`

export function sentenceOfFinding({ evidence }: Span, by: 'form' | 'field' | 'encoded' | 'place', field: string): string {
  switch (by) {
    case 'place':
      return 'the policy names the place'
    case 'encoded':
      return 'something is found in it once it is decoded'
    case 'field':
      return field === '' ? 'a name beside it says that it is secret' : `the name of the field (${field}) says that it is secret`
    case 'form': {
      const proof = evidence?.proof === undefined ? 'a format of its own' : proofOf(evidence.proof)
      const words = evidence?.words ?? []
      return words.length === 0 ? proof : `${proof}; raised by: ${listed(words)}`
    }
  }
}

export function sentenceOfLetGo({ why, proof, words = [] }: LetGo): string {
  switch (why) {
    case 'check':
      return `it lacks ${proofOf(proof ?? '')}`
    case 'no-word':
      return `no word near says that it is one (${listed(words)})`
    case 'other-word':
      return words.length === 0 ? 'what stands around it speaks against it' : `lowered by: ${listed(words)}`
  }
}
