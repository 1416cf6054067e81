import { startSink } from '../capture/sink.ts'
import { median, printTable, runScript } from '../rounds.ts'
import { type HoldsResult, PAYLOADS } from './measure.ts'

/**
 * The longest time that one flush holds the event loop, by kind of payload: as it is, with the pauses of the garbage collector taken
 * out, and of an idle loop for as long. The least of twelve flushes is the work itself; neighbours add to the median.
 */
export async function benchHolds(): Promise<void> {
  const sink = await startSink()
  const rows: string[][] = []
  for (const name of Object.keys(PAYLOADS)) {
    const { flushMillis, withoutGcMillis, idleMillis, totalMillis } = await runScript<HoldsResult>(
      new URL('./measure.ts', import.meta.url),
      [name, sink.url],
    )
    sink.reset()
    rows.push([
      name,
      totalMillis.toFixed(0),
      Math.min(...flushMillis).toFixed(2),
      median(flushMillis).toFixed(2),
      Math.min(...withoutGcMillis).toFixed(2),
      median(withoutGcMillis).toFixed(2),
      Math.min(...idleMillis).toFixed(2),
      median(idleMillis).toFixed(2),
    ])
  }
  sink.close()
  console.log('\nlongest hold of the event loop by one flush, 12 flushes each (asked: at most 2 ms)')
  printTable(['payload', 'flush ms', 'hold ms, least', 'median', 'without GC, least', 'median', 'idle loop ms, least', 'median'], rows)
}
