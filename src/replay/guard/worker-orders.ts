import { parseJson } from '../../schemas/index.ts'

/** What a watched thread is told when it starts. */
export interface WorkerOrders {
  /** Name of the channel that it tells its attempts on. */
  readonly channel: string
  readonly allow: readonly string[]
}

const MARK = 'reprise.guard.'

/** As a text without anything that a command line could take for its own. */
export function encodeOrders(orders: WorkerOrders): string {
  return MARK + Buffer.from(JSON.stringify(orders)).toString('base64url')
}

/** The orders among the flags of a thread: the last, since it inherits those of the thread that started it. */
export function ordersIn(flags: readonly string[]): WorkerOrders | undefined {
  const flag = flags.findLast((text) => text.startsWith(`--conditions=${MARK}`))
  if (flag === undefined) return undefined
  return parseJson(Buffer.from(flag.slice(`--conditions=${MARK}`.length), 'base64url').toString('utf8')) as WorkerOrders
}
