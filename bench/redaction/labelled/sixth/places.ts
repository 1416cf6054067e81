import type { Chance } from '../random.ts'
import type { Shape } from './kinds.ts'

/**
 * A surrounding of a secret. `json` counts how many times the text is JSON within JSON. `names` are places where the name of the value
 * stands; the others hold the value alone.
 */
export type Place = {
  name: string
  fits: readonly Shape[]
  names: boolean
  json?: boolean
  make: (c: Chance, value: string, name: string) => string
}

const camel = (name: string): string => name.toLowerCase().replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase())
const pascal = (name: string): string => camel(name).replace(/^./, (letter) => letter.toUpperCase())
const snake = (name: string): string => name.toLowerCase()
const kebab = (name: string): string => snake(name).replaceAll('_', '-')
const indent = (text: string, by: string): string => text.replace(/^/gm, by)
const time = (c: Chance): string =>
  `2025-${c.pick(['03', '07', '11'])}-${10 + c.below(18)}T${10 + c.below(13)}:${10 + c.below(49)}:${10 + c.below(49)}.${c.digits(3)}Z`

const WORD: readonly Shape[] = ['token']
const INLINE: readonly Shape[] = ['token', 'url']
const LINES: readonly Shape[] = ['token', 'url', 'line']
const ANY: readonly Shape[] = ['token', 'url', 'line', 'block']
const LOOSE: readonly Shape[] = ['line', 'block']

type Make = Place['make']
const named = (name: string, fits: readonly Shape[], make: Make): Place => ({ name, fits, names: true, make })
const alone = (name: string, fits: readonly Shape[], make: Make): Place => ({ name, fits, names: false, make })
const inJson = (
  name: string,
  fits: readonly Shape[],
  names: boolean,
  make: (c: Chance, value: string, name: string) => unknown,
): Place => ({
  name,
  fits,
  names,
  json: true,
  make: (c, value, key) => JSON.stringify(make(c, value, key), null, c.pick([0, 2])),
})

export const PLACES: readonly Place[] = [
  named('env file', INLINE, (c, v, n) => `NODE_ENV=production\nPORT=${c.pick(['3000', '8080'])}\n${n}=${v}\nLOG_LEVEL=info\n`),
  named('quoted env file', INLINE, (_, v, n) => `# staging\nexport ${n}="${v}"\nexport REGION="eu-west-1"`),
  named('yaml', INLINE, (_, v, n) => `service:\n  replicas: 3\n  ${camel(n)}: ${v}\n  timeout: 30s\n`),
  named('quoted yaml', INLINE, (_, v, n) => `upstream:\n  - name: primary\n    ${snake(n)}: '${v}'\n    retries: 2`),
  named('compose file', INLINE, (_, v, n) => `services:\n  api:\n    image: app:1.4\n    environment:\n      - ${n}=${v}\n      - TZ=UTC`),
  named('kubernetes manifest', ['token', 'url', 'block'], (c, v, n) => {
    const value = v.includes('\n') ? `|\n${indent(v, '    ')}` : `"${v}"`
    return `apiVersion: v1\nkind: Secret\nmetadata:\n  name: ${c.pick(['app', 'worker'])}-env\nstringData:\n  ${n}: ${value}\n`
  }),
  named(
    'kubernetes deployment',
    INLINE,
    (_, v, n) => `        env:\n        - name: ${n}\n          value: "${v}"\n        - name: TZ\n          value: UTC`,
  ),
  named('helm command', INLINE, (_, v, n) => `helm upgrade --install api ./chart --set-string config.${camel(n)}='${v}' --atomic`),
  named('toml', INLINE, (_, v, n) => `[upstream]\nenabled = true\n${snake(n)} = "${v}"\n`),
  named('ini', INLINE, (_, v, n) => `[remote]\nhost = api.internal\n${snake(n)} = ${v}\nverify = yes`),
  named('properties', INLINE, (_, v, n) => `app.name=ledger\napp.${snake(n).replaceAll('_', '.')}=${v}\napp.pool.size=8`),
  named('terraform', ['token', 'url', 'block'], (_, v, n) =>
    v.includes('\n')
      ? `resource "null_resource" "x" {\n  triggers = {\n    ${snake(n)} = <<EOT\n${v}\nEOT\n  }\n}`
      : `provider "custom" {\n  region = "eu-central-1"\n  ${snake(n)} = "${v}"\n}`,
  ),
  named('tfvars', INLINE, (_, v, n) => `environment = "prod"\n${snake(n)}     = "${v}"`),
  named('dockerfile', INLINE, (_, v, n) => `FROM node:24-slim\nARG ${n}=${v}\nRUN npm ci --omit=dev`),
  named('docker run', INLINE, (_, v, n) => `docker run --rm -p 8080:8080 -e ${n}='${v}' app:latest`),
  named(
    'xml setting',
    WORD,
    (_, v, n) => `<configuration>\n  <appSettings>\n    <add key="${pascal(n)}" value="${v}" />\n  </appSettings>\n</configuration>`,
  ),
  named('xml element', WORD, (_, v, n) => `<server><id>central</id><${camel(n)}>${v}</${camel(n)}></server>`),
  named(
    'typescript',
    INLINE,
    (_, v, n) => `import { Client } from './client.js'\n\nconst ${camel(n)} = '${v}'\nexport const client = new Client({ ${camel(n)} })`,
  ),
  named('template literal', ['token', 'url', 'block'], (_, v, n) => `export const ${n} = \`${v}\`\n\nawait connect(${n})`),
  named('python', INLINE, (_, v, n) => `import os\n\nos.environ["${n}"] = "${v}"\nclient = make_client(timeout=30)`),
  named('python text', ['token', 'block'], (_, v, n) => `${n} = """${v}"""\n\ndef load():\n    return ${n}.strip()`),
  named('python keyword', INLINE, (_, v, n) => `session = Session(region="eu", ${snake(n)}="${v}", retries=3)`),
  named(
    'go',
    INLINE,
    (_, v, n) => `func main() {\n\tcfg := Config{\n\t\t${pascal(n)}: "${v}",\n\t\tTimeout: 5 * time.Second,\n\t}\n\trun(cfg)\n}`,
  ),
  named('java', INLINE, (_, v, n) => `public final class Settings {\n    private static final String ${n} = "${v}";\n}`),
  named('ruby', INLINE, (_, v, n) => `Rails.application.configure do\n  config.x.${snake(n)} = '${v}'\nend`),
  named('php', INLINE, (_, v, n) => `<?php\nreturn [\n    '${snake(n)}' => '${v}',\n    'debug' => false,\n];`),
  named('csharp', INLINE, (_, v, n) => `var options = new Options { ${pascal(n)} = "${v}", Retries = 3 };`),
  named('rust', INLINE, (_, v, n) => `const ${n}: &str = "${v}";\n\nfn main() { run(${n}) }`),
  named('shell assignment', INLINE, (_, v, n) => `${n}='${v}' ./scripts/deploy.sh --region eu`),
  named('powershell', INLINE, (_, v, n) => `$env:${n} = '${v}'\n.\\deploy.ps1 -Region eu`),
  named('github actions log', INLINE, (c, v, n) => `${time(c)} env:\n${time(c)}   CI: true\n${time(c)}   ${n}: ${v}`),
  named('printenv output', INLINE, (_, v, n) => `$ printenv | sort\nHOME=/home/node\n${n}=${v}\nPATH=/usr/local/bin:/usr/bin\nPWD=/app`),
  named('diff', INLINE, (_, v, n) => `@@ -4,3 +4,3 @@\n REGION=eu\n-${n}=\n+${n}=${v}\n DEBUG=0`),
  named('sql', WORD, (c, v, n) => `INSERT INTO settings (id, name, value) VALUES (${c.below(900)}, '${snake(n)}', '${v}');`),
  named('markdown table', WORD, (_, v, n) => `| Variable | Value |\n| --- | --- |\n| \`${n}\` | \`${v}\` |\n| \`REGION\` | \`eu\` |`),
  named('csv', WORD, (_, v, n) => `name,value,updated\n${n},${v},2025-06-03\nREGION,eu,2025-06-03`),
  named('chat prose with name', INLINE, (c, v, n) =>
    c.pick([`My ${n} is ${v} and it still answers 401.`, `set ${n} to ${v} please`, `${n}: ${v}\n\nwhy is this refused?`]),
  ),
  named('ansible', INLINE, (_, v, n) => `- hosts: web\n  vars:\n    ${snake(n)}: "${v}"\n  roles: [app]`),
  named('query', WORD, (c, v, n) => `GET https://api.internal/v2/items?limit=${c.below(90)}&${snake(n)}=${v}`),
  named(
    'custom header',
    WORD,
    (_, v, n) => `POST /v1/jobs HTTP/1.1\nHost: api.internal\nX-${kebab(n)}: ${v}\nContent-Type: application/json`,
  ),
  inJson('json', ANY, true, (_, v, n) => ({ name: 'worker', [camel(n)]: v, retries: 3 })),
  inJson('json list of variables', ANY, true, (_, v, n) => ({
    env: [
      { name: 'REGION', value: 'eu' },
      { name: n, value: v },
    ],
  })),
  inJson('mcp configuration', INLINE, true, (_, v, n) => ({
    mcpServers: { tools: { command: 'npx', args: ['-y', 'mcp-tools'], env: { [n]: v } } },
  })),
  inJson('json in json', ANY, true, (_, v, n) => ({ level: 'debug', payload: JSON.stringify({ config: { [snake(n)]: v } }) })),
  inJson('tool call arguments', ANY, true, (c, v, n) => ({
    type: 'function',
    id: `call_${c.run('A', 24)}`,
    function: { name: 'write_file', arguments: JSON.stringify({ path: '.env', content: v.includes('\n') ? v : `${n}=${v}\n` }) },
  })),
  inJson('shell call', LINES, true, (c, v, n) => ({
    type: 'tool_use',
    id: `toolu_01${c.run('A', 22)}`,
    name: 'bash',
    input: { command: `export ${n}='${v}' && npm test` },
  })),
  inJson('tool result', ANY, false, (c, v) => ({
    type: 'tool_result',
    tool_use_id: `toolu_01${c.run('A', 22)}`,
    content: `cat out.txt\n${v}\n`,
  })),
  inJson('chat message', ANY, false, (_, v) => ({ role: 'user', content: `Use this one from now on:\n\n${v}\n\nThe former is gone.` })),
  inJson('json log line', LINES, false, (c, v) => ({ ts: time(c), level: 'warn', msg: `retrying with ${v}`, attempt: c.below(5) })),
  alone('sse chunk', LINES, (c, v) => {
    const delta = JSON.stringify({ id: `chatcmpl-${c.run('A', 29)}`, choices: [{ index: 0, delta: { content: ` ${v} ` } }] })
    return `event: message\ndata: ${delta}\n\ndata: [DONE]`
  }),
  alone('bearer in curl', WORD, (_, v) => `curl -sS https://api.internal/v1/me -H "Authorization: Bearer ${v}" | jq .`),
  alone('fetch', WORD, (_, v) => `const reply = await fetch(url, { headers: { authorization: 'Bearer ${v}' } })`),
  alone('git remote', WORD, (_, v) => `git clone https://oauth2:${v}@git.internal/team/app.git`),
  alone('chat prose', INLINE, (c, v) =>
    c.pick([
      `Here is mine: ${v} - can you try it?`,
      `i pasted ${v} into the form but nothing happens`,
      `Ich habe ${v} benutzt, es kommt trotzdem ein Fehler.`,
      `On m'a envoyé ${v}, est-ce encore valable ?`,
      `Funciona con ${v}, pero no con el otro.`,
    ]),
  ),
  alone('end of sentence', INLINE, (_, v) => `The colleague from operations sent me this: ${v}`),
  alone('backticks', LINES, (_, v) => `It works when I use \`${v}\` in the console.`),
  alone('code fence', ANY, (_, v) => `The file says:\n\n\`\`\`\n${v}\n\`\`\`\n\nIs that right?`),
  alone('heredoc', LOOSE, (_, v) => `cat > ~/.local/share/app/conf <<'EOF'\n${v}\nEOF\nchmod 600 ~/.local/share/app/conf`),
  alone('list item', LINES, (_, v) => `1. open the console\n2. paste ${v}\n3. press save`),
  alone('function call', INLINE, (c, v) =>
    c.pick([`connect("${v}", { timeout: 5000 })`, `client.login('${v}')`, `init(${c.below(9)}, "${v}")`]),
  ),
  alone('array of strings', INLINE, (c, v) => `rotate(['${c.run('L', 6)}', '${v}'])`),
  alone(
    'stack trace',
    INLINE,
    (c, v) =>
      `Error: upstream refused ${v}\n    at request (/app/dist/client.js:${c.below(300)}:17)\n    at async run (/app/dist/main.js:12:3)`,
  ),
  alone(
    'server log',
    INLINE,
    (c, v) => `${time(c)} WARN  [http-nio-8080-exec-${c.below(9)}] c.a.Filter - rejected ${v} after ${c.below(400)}ms`,
  ),
  alone('diff of a block', LOOSE, (_, v) => `diff --git a/conf b/conf\n@@ -0,0 +1 @@\n${indent(v, '+')}`),
  alone('terminal', LOOSE, (_, v) => `$ cat conf\n${v}\n$ echo $?\n0`),
  alone('yaml block', LOOSE, (_, v) => `write_files:\n  - path: /etc/app/conf\n    content: |\n${indent(v, '      ')}\n`),
  alone('mail', ANY, (_, v) => `Hi team,\n\nplease put this on the new box:\n\n${v}\n\nThanks\nJo`),
]
