/** Does each of them, whatever one of them throws; then throws what was thrown first. */
export async function closeAll(closers: readonly (() => unknown)[]): Promise<void> {
  const errors: unknown[] = []
  for (const close of closers) {
    try {
      await close()
    } catch (error) {
      errors.push(error)
    }
  }
  if (errors.length > 0) throw errors[0]
}

/** The same, at once. */
export function closeAllNow(closers: readonly (() => void)[]): void {
  const errors: unknown[] = []
  for (const close of closers) {
    try {
      close()
    } catch (error) {
      errors.push(error)
    }
  }
  if (errors.length > 0) throw errors[0]
}

/** What is opened piece by piece is closed in the opposite order, also where the next piece cannot be opened. */
export class Closers {
  readonly #closers: (() => unknown)[] = []

  add<T>(part: T, close: (part: T) => unknown): T {
    this.#closers.unshift(() => close(part))
    return part
  }

  async close(): Promise<void> {
    await closeAll(this.#closers.splice(0))
  }
}
