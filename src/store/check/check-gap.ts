/** What makes no sense in the core of a gap record: more cannot be told of one, since what it speaks of is not there. */
export function gapProblem(core: object): { readonly pointer: string; readonly message: string } | undefined {
  const { schema, sender, batches, count } = core as Readonly<Record<string, unknown>>
  if (schema !== 'reprise.gap/1') return undefined
  if (!isCount(count)) return { pointer: '/core/count', message: 'expected a whole number' }
  if (batches === undefined) return undefined
  const { from, to } = (typeof batches === 'object' && batches !== null ? batches : {}) as Readonly<Record<string, unknown>>
  if (!isCount(from) || !isCount(to) || from > to) return { pointer: '/core/batches', message: 'expected the first and the last number' }
  if (count !== to - from + 1) return { pointer: '/core/count', message: 'expected as many as there are batches' }
  if (typeof sender !== 'string' || sender === '') return { pointer: '/core/sender', message: 'expected the sender of the batches' }
  return undefined
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
}
