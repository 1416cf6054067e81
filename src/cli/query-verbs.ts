import type { Command } from 'commander'
import { RUN_STATUSES, STEP_KINDS } from '../schemas/index.ts'
import { collect, collectOneOf, dollars, oneOf, runId, stepId, timeOf, wholeNumber } from './flag-values.ts'
import type { Settings } from './settings.ts'
import type { Terminal } from './terminal.ts'

export interface VerbContext {
  readonly terminal: Terminal
  readonly verb: (usage: string, summary: string, example: string) => Command
  readonly act: (
    flags: Record<string, unknown>,
    settingsFlags: readonly string[],
    action: (settings: Settings) => Promise<number>,
  ) => Promise<void>
}

/** The verbs that read: `runs`, `show`, `tail`, `doctor`, `config`; and `run`, which ends with what was read. */
export function addQueryVerbs({ terminal, verb, act }: VerbContext): void {
  verb(
    'runs',
    'list recorded runs, newest first',
    'reprise runs\nreprise runs --status error --since 2h --json\nreprise runs --model gpt-5 --tag env=prod --text refund',
  )
    .option('--limit <number>', 'how many at most', wholeNumber(1, 1000), 50)
    .option('--cursor <text>', 'go on where an earlier page ended')
    .option('--kind <kind>', 'only runs of this kind', oneOf(STEP_KINDS))
    .option('--status <status>', `only runs with this status: ${RUN_STATUSES.join(', ')}`, oneOf(RUN_STATUSES))
    .option('--name <text>', 'only runs whose name holds this text')
    .option('--name-prefix <text>', 'only runs whose name begins with this text')
    .option('--model <name>', 'only runs with a step that asked for this model')
    .option('--session <id>', 'only runs of this session')
    .option('--tag <tag>', 'only runs with this tag: key=value, a key, or a word; may be given more than once', collect)
    .option('--since <time>', 'only runs that started at or after this time, or so long ago: 2h', timeOf)
    .option('--until <time>', 'only runs that started before this time', timeOf)
    .option('--min-cost <dollars>', 'only runs that cost at least this', dollars)
    .option('--max-cost <dollars>', 'only runs that cost at most this', dollars)
    .option('--text <text>', 'only runs with a step whose name holds this text')
    .action((flags) => act(flags, [], async (settings) => (await import('./commands/runs.ts')).runs(settings, terminal, flags)))

  verb(
    'show <run>',
    'show one run and its steps; the first letters of its id will do',
    'reprise show 7f3a\nreprise show 7f3a --kind model --status error\nreprise show 7f3a --step 3 --json',
  )
    .option('--limit <number>', 'how many steps at most', wholeNumber(1, 100_000), 1000)
    .option('--kind <kind>', 'only steps of this kind; may be given more than once', collectOneOf(STEP_KINDS))
    .option('--status <status>', 'only steps with this status: ok, error, open', oneOf(['ok', 'error', 'open']))
    .option('--name <text>', 'only steps whose name holds this text')
    .option('--from-sequence <number>', 'only steps from this place in the call order', wholeNumber(0, Number.MAX_SAFE_INTEGER))
    .option('--to-sequence <number>', 'only steps up to this place in the call order', wholeNumber(0, Number.MAX_SAFE_INTEGER))
    .option('--since <time>', 'only steps that started at or after this time', timeOf)
    .option('--until <time>', 'only steps that started before this time', timeOf)
    .option('--max-depth <number>', 'only steps with at most so many steps above them', wholeNumber(0, 1000))
    .option('--step <step>', 'one step, by the number or the letters that stand before it, with its content and log records', stepId)
    .option('--logs', 'show the log records of the run as well')
    .action((run: string, flags) =>
      act(flags, [], async (settings) => (await import('./commands/show.ts')).show(settings, terminal, run, flags)),
    )

  verb(
    'tail',
    'print records as they become durable, until interrupted',
    'reprise tail\nreprise tail --run 7f3a0c… --json\nreprise tail --url http://127.0.0.1:4318',
  )
    .option('--run <id>', 'only what belongs to this run', runId)
    .option('--url <url>', 'follow the live feed of a collector instead of the files of the store')
    .option('--last <number>', 'begin with so many records that are there already', wholeNumber(0, 1000), 0)
    .action((flags) => act(flags, [], async (settings) => (await import('./commands/tail.ts')).tail(settings, terminal, flags)))

  verb(
    'run <command...>',
    'run a program with a collector beside it; what it is and what it cost is told at the end',
    'reprise run -- node app.js\nreprise run --store /tmp/try -- python agent.py --fast',
  )
    .option('--port <number>', 'port of the collector that is started (default: any free one)')
    .passThroughOptions()
    .action((command: string[], flags) =>
      act(flags, ['port'], async (settings) => (await import('./commands/run.ts')).run(settings, terminal, command)),
    )

  verb(
    'doctor',
    'say whether everything here is as it should be; exit code 1 when something is wrong',
    'reprise doctor\nreprise doctor --store /var/lib/reprise --json',
  )
    .option('--port <number>', 'port of the collector to look for (default: 4318)')
    .option('--host <address>', 'address of the collector to look for (default: 127.0.0.1)')
    .action((flags) => act(flags, ['port', 'host'], async (settings) => (await import('./commands/doctor.ts')).doctor(settings, terminal)))

  verb(
    'config',
    'print every option and its value; with --origin, also where each came from',
    'reprise config --origin\nreprise config --json',
  )
    .option('--origin', 'say where each value came from')
    .action((flags) => act(flags, [], async (settings) => (await import('./commands/config.ts')).config(settings, terminal, flags)))
}
