import type { Verdict } from '../../schemas/index.ts'

export interface VerdictOrigin {
  readonly folder: string
  /** The name of the function that was replayed; '' when it has none. */
  readonly exportName: string
}

/** Where a verdict came from, for messages that name the command to see more. Beside the verdict, which is data. */
const origins = new WeakMap<Verdict, VerdictOrigin>()

export function rememberOrigin(verdict: Verdict, origin: VerdictOrigin): Verdict {
  origins.set(verdict, origin)
  return verdict
}

export function originOf(verdict: Verdict): VerdictOrigin | undefined {
  return origins.get(verdict)
}
