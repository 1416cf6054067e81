import { spawn } from 'node:child_process'
import { availableParallelism, cpus, loadavg, totalmem } from 'node:os'
import { fileURLToPath } from 'node:url'

/** Prints the machine, so that a figure can be read for what it is. */
export function printMachine(): void {
  const [first] = cpus()
  console.log(
    `# node ${process.version}, ${availableParallelism()} cores (${first?.model.trim() ?? 'unknown'}), ${Math.round(totalmem() / 2 ** 30)} GiB, load ${loadavg()[0]?.toFixed(2)}`,
  )
}

export function median(values: readonly number[]): number {
  return percentile(values, 50)
}

/** Nearest-rank percentile. */
export function percentile(values: readonly number[], percent: number): number {
  const sorted = [...values].sort((left, right) => left - right)
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil((percent / 100) * sorted.length) - 1))] ?? Number.NaN
}

/** Runs a measuring script in a process of its own, with flags for Node, and gives the JSON object that it prints last. */
export async function runScript<T>(script: URL, args: readonly string[], flags: readonly string[] = []): Promise<T> {
  const child = spawn(process.execPath, [...process.execArgv, '--expose-gc', ...flags, fileURLToPath(script), ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let output = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text
  })
  const code = await new Promise((resolve) => child.once('close', resolve))
  if (code !== 0) throw new Error(`${script.pathname} ${args.join(' ')} ended with ${String(code)}`)
  const last = output.trim().split('\n').at(-1)
  return JSON.parse(last ?? 'null') as T
}

/**
 * Runs every contender once per round, in turn, so that a slow moment of the machine hits all of them; the first round is
 * a warm-up and does not count.
 */
export async function interleave<C extends string, T>(
  contenders: readonly C[],
  rounds: number,
  run: (contender: C) => Promise<T>,
): Promise<Map<C, T[]>> {
  const results = new Map<C, T[]>(contenders.map((contender) => [contender, []]))
  for (let round = 0; round <= rounds; round++) {
    // The order turns from round to round, so that nobody always follows the same neighbour.
    const order = contenders.map((_, index) => contenders[(index + round) % contenders.length]!)
    for (const contender of order) {
      const result = await run(contender)
      if (round > 0) results.get(contender)!.push(result)
    }
  }
  return results
}

/** Prints rows under titles, columns aligned. */
export function printTable(titles: readonly string[], rows: readonly (readonly string[])[]): void {
  const widths = titles.map((title, index) => Math.max(title.length, ...rows.map((row) => row[index]?.length ?? 0)))
  for (const row of [titles, ...rows])
    console.log(row.map((cell, index) => (index === 0 ? cell.padEnd(widths[0]!) : cell.padStart(widths[index]!))).join('  '))
}
