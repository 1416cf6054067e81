import { Command, CommanderError, Option } from 'commander'
import { RepriseError } from '../schemas/index.ts'
import { EXIT, exitCodeOf } from './exit-codes.ts'
import { collect, collectHost, factor, path, runId, stepAddress, wholeNumber } from './flag-values.ts'
import { addQueryVerbs } from './query-verbs.ts'
import { type CommonFlags, readSettings, type Settings } from './settings.ts'
import { paint, plain, type Terminal, writeLine } from './terminal.ts'
import { VERSION } from './version.ts'

type Action = (settings: Settings) => Promise<number>

// Each verb's code is loaded when it is asked for: `--help` needs neither SQLite nor an HTTP server.

/** Runs one command line. Never throws and never exits: gives the exit code. */
export async function runCli(args: readonly string[], terminal: Terminal): Promise<number> {
  let code: number = EXIT.ok
  const program = new Command('reprise')
  const act = async (flags: CommonFlags & Record<string, unknown>, settingsFlags: readonly string[], action: Action): Promise<void> => {
    const chosen = Object.fromEntries(Object.entries(flags).filter(([key]) => COMMON.includes(key) || settingsFlags.includes(key)))
    code = await action(readSettings(terminal, chosen))
  }
  const verb = (usage: string, summary: string, example: string): Command =>
    program
      .command(usage)
      .summary(summary)
      .description(summary)
      .option('--store <dir>', 'the store (default: ./.reprise)')
      .option('--namespace <name>', 'the namespace (default: local)')
      .option('--config <file>', 'a config file (default: reprise.config.json, searched upward)')
      .option('--json', 'print data as JSON: NDJSON for lists, one object otherwise')
      .option('--quiet', 'print nothing on stderr but errors')
      .addHelpText(
        'after',
        `\nExamples:\n${example
          .split('\n')
          .map((line) => `  $ ${line}`)
          .join('\n')}`,
      )

  program
    .description('A flight recorder for ML workloads: record a run, keep it safe, replay it exactly.')
    .version(VERSION, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'show help')
    .helpCommand('help [command]', 'show help for a command')
    .showSuggestionAfterError(true)
    .enablePositionalOptions()
    .addHelpText('after', '\nExamples:\n  $ reprise demo\n  $ reprise up --forward https://otlp.example.com\n  $ reprise runs --json')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => void terminal.stdout.write(text),
      writeErr: (text) => void terminal.stderr.write(text),
    })

  verb(
    'up',
    'run the collector: OTLP in, redacted, kept, forwarded',
    'reprise up\nreprise up --port 0 --store /var/lib/reprise --forward https://otlp.example.com',
  )
    .option('--host <address>', 'address to listen on (default: 127.0.0.1)')
    .option('--port <number>', 'port for OTLP/HTTP and the API; 0 takes any free one (default: 4318)')
    .option('--grpc-port <number>', 'port for OTLP/gRPC; 0 takes any free one, off for none (default: 4317)')
    .option('--workers <count>', 'threads that decode and redact, 0 for none (default: cores less one, at least one)')
    .option('--forward <url>', 'send every span on to this OTLP/HTTP endpoint; may be given more than once', collect)
    .option('--policy <name|file>', 'redact by this policy: default, strict, metadata-only, or a JSON file')
    .action(({ policy, ...flags }) =>
      act({ ...flags, redactionPolicy: policy }, ['host', 'port', 'grpcPort', 'workers', 'forward', 'redactionPolicy'], async (settings) =>
        (await import('./commands/up.ts')).up(settings, terminal),
      ),
    )

  verb(
    'demo',
    'record two small real programs, list them, replay one with its model server stopped',
    'reprise demo\nreprise demo --no-serve --store /tmp/reprise-demo',
  )
    .option('--port <number>', 'port of the demo collector (default: 4318, or a free one)')
    .option('--no-serve', 'end after the replay instead of serving the store')
    .action((flags) =>
      act(flags, ['port'], async (settings) => (await import('./commands/demo.ts')).demo(settings, terminal, { serve: flags.serve })),
    )

  addQueryVerbs({ terminal, verb, act })

  verb(
    'export <run>',
    'write a run as a recording that can be reviewed, committed and replayed',
    'reprise export 7f3a --out test/recordings/refund-v1',
  )
    .requiredOption('--out <dir>', 'folder of the recording', path)
    .option('--force', 'replace a recording that is already there')
    .action((run: string, flags) =>
      act(flags, [], async (settings) => (await import('./commands/export.ts')).exportRun(settings, terminal, run, flags)),
    )

  verb(
    'replay [recording]',
    'run the recorded program again with every effect served from the record',
    'reprise replay test/recordings/refund-v1 --module src/answer.ts --export answer\n' +
      'reprise replay --all test/recordings --module src/answer.ts --lanes 4 --junit replay.xml',
  )
    .requiredOption('--module <file>', 'the module that holds the program', path)
    .option('--export <name>', 'the exported function, wrapped by instrument() (default: the name of each run)')
    .option('--timeout-millis <number>', 'give up after this long', wholeNumber(1, 86_400_000))
    .addOption(new Option('--mode <mode>', 'cached serves what matches, for a program that was edited').choices(['exact', 'cached']))
    .addOption(new Option('--on-miss <what>', 'with cached: what comes of a call that matches nothing').choices(['throw', 'live']))
    .addOption(
      new Option('--serve <what>', 'wire: client code runs again, above recorded HTTP exchanges (default: call)').choices(['call', 'wire']),
    )
    .option(
      '--allow-write <step>',
      'with --on-miss live or --serve wire: this step may run though it writes; may be given more than once',
      collect,
    )
    .option('--no-record', 'with --on-miss live: do not record what happens as a run of its own')
    .option('--allow-net <host[:port]>', 'what the process may reach outside of the replayed run; may be given more than once', collectHost)
    .addOption(new Option('--pacing <pace>', 'when results come (default: instant)').choices(['instant', 'recorded', 'scaled']))
    .option('--scale <factor>', 'with --pacing scaled: 0.1 is ten times as fast', factor)
    .option('--resplit <seed>', 'cut streams of text elsewhere than recorded, to shake out parsers')
    .option('--all <dir>', 'replay every recording below this folder; one report, in the order of their paths', path)
    .option('--lanes <number>', 'how many are replayed at a time with --all (default: the number of cores)', wholeNumber(1, 256))
    .option('--junit <file>', 'with --all: write the report as JUnit XML, too', path)
    .action((folder: string | undefined, flags) =>
      act(flags, [], async (settings) => (await import('./commands/replay.ts')).replayRecordings(settings, terminal, folder, flags)),
    )

  verb(
    'fork <run>',
    'run a recorded program again with one step changed: what the change reaches is called, the rest is served',
    "reprise fork 7f3a --at 'answer > kb' --set 'documents[0].text=no returns' --dry-run\n" +
      'reprise fork 7f3a --at 3 --set model=gpt-5 --set parameters.temperature=0 --module src/answer.ts --allow-write refund',
  )
    .requiredOption(
      '--at <step>',
      'the step: its number in call order, its name (kb, or kb#2 for the second), or the start of its lineage',
      stepAddress,
    )
    .requiredOption(
      '--set <path=value>',
      'what is set: input..., output..., documents..., error, prompt, model, parameters..., seed, time; JSON or text; may be given more than once',
      collect,
    )
    .option('--dry-run', 'only say how many steps will be served, called or missing')
    .option('--module <file>', 'the module that holds the program', path)
    .option('--export <name>', 'the exported function, wrapped by instrument() (default: the name of the run)')
    .addOption(new Option('--on-miss <what>', 'what comes of a call that matches nothing (default: live)').choices(['throw', 'live']))
    .addOption(
      new Option('--serve <what>', 'wire: client code runs again, above recorded HTTP exchanges (default: call)').choices(['call', 'wire']),
    )
    .option('--allow-write <step>', 'this step may be called though it writes; may be given more than once', collect)
    .option('--timeout-millis <number>', 'give up after this long', wholeNumber(1, 86_400_000))
    .option('--no-record', 'do not record what happens as a run of its own')
    .action((run: string, flags) =>
      act(flags, [], async (settings) => (await import('./commands/fork.ts')).forkRun(settings, terminal, run, flags)),
    )

  verb('reindex', 'build the index again from the tape', 'reprise reindex').action((flags) =>
    act(flags, [], async (settings) => (await import('./commands/reindex.ts')).reindex(settings, terminal)),
  )

  verb(
    'verify',
    'check every frame, digest, reference and payload of the store; exit code 5 when something is wrong',
    'reprise verify\nreprise verify --store /backups/2026-11-20 --json',
  ).action((flags) => act(flags, [], async (settings) => (await import('./commands/verify.ts')).verify(settings, terminal)))

  verb(
    'backup <dir>',
    'copy the store to a new folder, also while a collector writes; to restore, open the folder',
    'reprise backup /backups/2026-11-21\nreprise backup /mnt/other/reprise --no-links --json',
  )
    .option('--no-links', 'copy sealed files too, instead of giving them a second name')
    .action((dir: string, flags) =>
      act(flags, [], async (settings) => (await import('./commands/backup.ts')).backup(settings, terminal, dir, flags)),
    )

  verb(
    'erase <what...>',
    'erase the content of a run, or payloads by digest; the proofs stay',
    'reprise erase 7f3a0c1d2e4b5f60718293a4b5c6d7e8 --dry-run\n' +
      'reprise erase sha256:4355a46b19d348dc2f57c046f8ef63d4538ebb936000f3c9ee954a27460dd865',
  )
    .option('--everywhere', 'of a run: also where other runs have the same payload (of digests alone, that is always so)')
    .option('--dry-run', 'only say what would be erased')
    .action((what: string[], flags) =>
      act(flags, [], async (settings) => (await import('./commands/erase.ts')).erase(settings, terminal, what, flags)),
    )

  verb(
    'quarantine <action> [id...]',
    'list, release or discard content that could not be cleaned and was sealed; keygen makes the keys',
    'reprise quarantine keygen --out ~/reprise-quarantine.pem\nreprise quarantine list\n' +
      'reprise quarantine release 3fa9c1 --key ~/reprise-quarantine.pem --out item.bin\nreprise quarantine discard --all',
  )
    .option('--key <file>', 'release: the file of the private key', path)
    .option('--out <file>', 'release: write the content here; keygen: write the private key here', path)
    .option('--keep', 'release: leave the item where it is')
    .option('--all', 'discard: every item')
    .action((action: string, ids: string[], flags) =>
      act(flags, [], async (settings) => (await import('./commands/quarantine.ts')).quarantine(settings, terminal, action, ids, flags)),
    )

  verb(
    'redact [file]',
    'print a file with its secrets replaced, or say why, or try a policy on a run; without a file, standard input line by line',
    'reprise redact answer.json --report\ncat log.ndjson | reprise redact\n' +
      'reprise redact answer.json --explain\ncat log.ndjson | reprise redact --explain --policy own.json --json\n' +
      'reprise redact --run 7f3a --policy own.json',
  )
    .option('--report', 'say on stderr how often each rule hit')
    .option('--policy <name|file>', 'redact by this policy: default, strict, metadata-only, or a JSON file')
    .option('--explain', 'instead of the text, print what is found where and why, what is kept and what is let go; never the value')
    .option('--field <name>', 'name of the field or attribute that holds the text')
    .option('--kind <kind>', 'kind of step that the text is of, for rules that are confined to kinds')
    .option('--run <run>', 'instead of a file: what the policy would change of what this run has kept; nothing is written', runId)
    .action((file: string | undefined, flags) =>
      act(flags, [], async (settings) => (await import('./commands/redact.ts')).redact(settings, terminal, file, flags)),
    )

  if (args.length === 0) {
    program.outputHelp({ error: true })
    return EXIT.usage
  }
  try {
    await program.parseAsync([...args], { from: 'user' })
    return code
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage
    report(error, args.includes('--json'), terminal)
    return exitCodeOf(error)
  }
}

const COMMON: readonly string[] = ['store', 'namespace', 'config', 'json', 'quiet']

function report(error: unknown, json: boolean, terminal: Terminal): void {
  const message = error instanceof Error ? error.message : String(error)
  const code = RepriseError.isInstance(error) ? error.code : 'internal'
  if (json) writeLine(terminal.stderr, JSON.stringify({ schema: 'reprise.error/1', error: { code, message } }))
  else
    for (const [index, line] of message.split('\n').entries())
      writeLine(terminal.stderr, `${index === 0 ? paint(terminal.colorErr, 'red', 'error: ') : ''}${plain(line)}`)
  if (code === 'internal' && terminal.env['REPRISE_DEBUG'] && error instanceof Error) writeLine(terminal.stderr, error.stack ?? '')
}
