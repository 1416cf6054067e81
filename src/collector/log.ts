/** Writes one structured line. Callers pass only words and numbers of their own: no header, no body, no attribute value. */
export interface Logger {
  info(event: string, fields?: LogFields): void
  warn(event: string, fields?: LogFields): void
}
export type LogFields = Readonly<Record<string, string | number | undefined>>

/** A burst of the same event, for the same reason, becomes its first line and, at most once in this time, one line with the count of the rest. */
const BURST_MILLIS = 60_000
/** Kinds of event remembered; they come from a closed set, and this bounds a mistake. */
const MAX_EVENTS = 256

// C0, DEL and C1 controls, line and paragraph separators, bidirectional overrides: a log line stays one honest line.
const UNPRINTABLE = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g

function field(value: string | number): string {
  if (typeof value === 'number') return String(value)
  const text = (value.length > 300 ? `${value.slice(0, 300)}…` : value).replace(UNPRINTABLE, '?')
  return /[\s"=]/.test(text) || text === '' ? JSON.stringify(text) : text
}

function format(level: string, event: string, fields: LogFields): string {
  let line = `reprise ${level} ${event}`
  for (const [key, value] of Object.entries(fields)) if (value !== undefined) line += ` ${key}=${field(value)}`
  return line
}

export function createLogger(write: (line: string) => void, nowMillis: () => number = () => performance.now()): Logger {
  const bursts = new Map<string, { since: number; held: number }>()
  const emit = (line: string): void => {
    try {
      write(line)
    } catch {
      // A broken log must not break ingest; the counters still tell.
    }
  }
  const log = (level: string, event: string, fields: LogFields = {}): void => {
    const key = `${level} ${event} ${fields['to'] ?? ''} ${fields['reason'] ?? ''}`
    const burst = bursts.get(key)
    const now = nowMillis()
    if (burst !== undefined && now - burst.since < BURST_MILLIS) {
      burst.held++
      return
    }
    if (burst === undefined && bursts.size >= MAX_EVENTS) bursts.clear()
    bursts.set(key, { since: now, held: 0 })
    emit(format(level, event, burst !== undefined && burst.held > 0 ? { ...fields, more: burst.held } : fields))
  }
  return {
    info: (event, fields = {}) => emit(format('info', event, fields)),
    warn: (event, fields) => log('warn', event, fields),
  }
}
