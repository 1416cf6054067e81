import { runtime } from '../run/runtime.ts'

/** Says one thing on stderr per process, whatever else goes wrong later: a recorder is heard, it does not nag. */
export function warnOnce(message: string): void {
  const shared = runtime()
  if (shared.warned) return
  shared.warned = true
  try {
    process.stderr.write(`reprise: ${message}\n`)
  } catch {
    // A closed stderr is no reason to fail.
  }
}
