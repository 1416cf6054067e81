import { hash } from 'node:crypto'
import { asWords } from '../scanner/words.ts'
import type { Detector } from '../text-view.ts'
import { decodeBase58 } from './crypto-address.ts'

const RUN = /[1-9A-HJ-NP-Za-km-z]{25,106}/y
const BITCOIN = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz'
const RIPPLE = 'rpshnaf39wBUDNEGHJKLM4PQRST7VWXYZ2bcdeCg65jkm8oFqi1tuvAxyz'
const SOLANA_WORDS = /(?:^|[^a-z])(?:sol|solana|phantom|wallet|spl|lamports?|pubkey|owner|mint|recipient|payer|raydium|jupiter)(?![a-z])/

const checked = (bytes: Buffer): boolean => {
  const digest = hash('sha256', hash('sha256', bytes.subarray(0, -4), 'buffer'), 'buffer')
  return digest.subarray(0, 4).equals(bytes.subarray(-4))
}

/** Addresses in base58 that are no Base58Check of Bitcoin's make: XRP Ledger (its own alphabet, checked), Monero (95 or 106 characters), Solana (32 bytes, beside a word). */
export const detectCoinAddress: Detector = (view, anchorEnd, anchorLength) => {
  const { text } = view
  const start = anchorEnd - anchorLength
  RUN.lastIndex = start
  const run = RUN.exec(text)?.[0]
  if (run === undefined || /[A-Za-z0-9_]/.test(text[start + run.length] ?? '')) return undefined
  const found = { start, end: start + run.length }
  if (!/[A-Z]/.test(run) || !/[a-z]/.test(run) || !/[0-9]/.test(run)) return undefined
  if (run.startsWith('r') && run.length <= 35) {
    const bytes = decodeBase58([...run].map((char) => BITCOIN[RIPPLE.indexOf(char)]).join(''))
    return bytes !== undefined && bytes.length === 25 && checked(bytes) ? found : undefined
  }
  if (/^[48][0-9AB]/.test(run) && (run.length === 95 || run.length === 106)) return found
  if (run.length < 43 || run.length > 44 || decodeBase58(run)?.length !== 32) return undefined
  const words = asWords(`${view.field} ${text.slice(Math.max(0, start - 32), start)}`)
  return SOLANA_WORDS.test(words) ? found : undefined
}
