import { camel, json, kebab, type Place, place, snake, stamp, toolu } from './places-shell.ts'

const xml = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')

export const CODE: readonly Place[] = [
  place(
    'TypeScript',
    true,
    (v) =>
      `import { Client } from './client.js'\n\nconst ${camel(v.name)} = '${v.text}'` +
      `\nexport const client = new Client({ ${camel(v.name)}, retries: 3 })`,
  ),
  place(
    'TypeScript positional',
    false,
    (v) => `const api = createApi('${v.text}')\nfor await (const page of api.pages({ limit: 100 })) rows.push(...page.items)`,
  ),
  place('Python', true, (v) => `import os\n\nos.environ["${v.name}"] = "${v.text}"\nfrom exporter import run\n\nrun(days=7)`),
  place(
    'Python call',
    false,
    (v) => `client = Client("${v.text}", timeout=20)\nfor invoice in client.invoices(status="open"):\n    print(invoice.number)`,
  ),
  place(
    'Python default',
    true,
    (v) => `def settings():\n    return {"${snake(v.name)}": os.getenv("${v.name}", "${v.text}"), "region": "eu"}`,
  ),
  place(
    'Go',
    true,
    (v) =>
      `package main\n\nconst ${camel(v.name)} = "${v.text}"\n\nfunc main() {\n\tc := client.New(${camel(v.name)})\n\tdefer c.Close()\n}`,
  ),
  place(
    'Rust',
    true,
    (v) =>
      `const ${v.name}: &str = "${v.text}";\n\n#[tokio::main]\nasync fn main() -` +
      `> anyhow::Result<()> {\n    Client::new(${v.name}).sync().await\n}`,
  ),
  place(
    'Java',
    true,
    (v) =>
      `public final class Config {\n  private static final String ${v.name} = "` +
      `${v.text}";\n  public static Client client() { return new Client(${v.name}); }\n` +
      `}`,
  ),
  place(
    'Kotlin',
    true,
    (v) => `object Keys {\n    const val ${v.name} = "${v.text}"\n}\n\nfun main() = runBlocking { Api(Keys.${v.name}).refresh() }`,
  ),
  place(
    'C#',
    true,
    (v) => `var options = new ApiOptions\n{\n    ${camel(v.name)} = "${v.text}",\n    Timeout = TimeSpan.FromSeconds(15),\n};`,
  ),
  place('Ruby', true, (v) => `Acme.configure do |config|\n  config.${snake(v.name)} = '${v.text}'\n  config.open_timeout = 4\nend`),
  place('PHP', true, (v) => `<?php\nreturn [\n    'driver' => 'acme',\n    '${snake(v.name)}' => '${v.text}',\n    'retries' => 2,\n];`),
  place(
    'Swift',
    true,
    (v) => `enum Secrets {\n    static let ${camel(v.name)} = "${v.text}"\n}\nlet api = API(token: Secrets.${camel(v.name)})`,
  ),
  place('Elixir', true, (v) => `import Config\n\nconfig :acme, Acme.Api,\n  ${snake(v.name)}: "${v.text}",\n  pool_size: 10`),
  place('shell function', true, (v) => `sync() {\n  local ${snake(v.name)}="${v.text}"\n  ./bin/sync --since "$1"\n}`),
  place('C header', true, (v) => `#pragma once\n#define ${v.name} "${v.text}"\n#define RETRY_MS 250`),
  place(
    'added line of a diff',
    true,
    (v) =>
      `diff --git a/config/app.yml b/config/app.yml\n--- a/config/app.yml\n+++ b/config/app.yml\n@` +
      `@ -3,4 +3,5 @@ api:\n   timeout: 10\n+  ${snake(v.name)}: "${v.text}"\n   retries: 2`,
  ),
  place(
    'removed line of a diff',
    true,
    (v) =>
      `@@ -11,7 +11,7 @@ export const config = {\n   region: 'eu',\n-  ${camel(v.name)}:` +
      ` '${v.text}',\n+  ${camel(v.name)}: process.env.${v.name},\n   retries: 2,`,
  ),
  place('file edit call', true, (v, c) => {
    const input = { command: 'str_replace', path: 'src/config.ts', old_str: "key: ''", new_str: `${camel(v.name)}: '${v.text}'` }
    return json({ role: 'assistant', content: [{ type: 'tool_use', id: toolu(c), name: 'text_editor', input }] })
  }),
  place('file contents in a tool result', true, (v, c) => {
    const content = `1\timport requests\n2\t\n3\t${v.name} = "${v.text}"\n4\tBASE = "https://api.acme.net/v2"\n`
    return json({ role: 'user', content: [{ type: 'tool_result', tool_use_id: toolu(c), content }] })
  }),
  place(
    'grep output',
    true,
    (v) => `src/legacy/client.js:14:  const ${camel(v.name)} = "${v.text}";\nsrc/legacy/client.js:39:  return fetch(url, { headers });`,
  ),
  place('notebook', true, (v) => {
    const source = ['import os\n', `os.environ['${v.name}'] = '${v.text}'\n`, 'df = load_orders(days=30)']
    return json(
      { cells: [{ cell_type: 'code', execution_count: 4, metadata: {}, outputs: [], source }], nbformat: 4, nbformat_minor: 5 },
      1,
    )
  }),
  place(
    'XML configuration',
    true,
    (v) =>
      `<?xml version="1.0"?>\n<configuration>\n  <appSettings>\n    <add key="${v.name}" value="` +
      `${xml(v.text)}" />\n    <add key="Mode" value="live" />\n  </appSettings>\n</configuration>`,
  ),
  place(
    'Android string resource',
    true,
    (v) =>
      `<resources>\n    <string name="app_name">Orders</string>\n    <string name="${snake(v.name)}">${xml(v.text)}</string>\n</resources>`,
  ),
  place(
    'property list',
    true,
    (v) => `<dict>\n\t<key>${v.name}</key>\n\t<string>${xml(v.text)}</string>\n\t<key>Debug</key>\n\t<false/>\n</dict>`,
  ),
  place('JSON settings', true, (v) => json({ logging: { level: 'info' }, upstream: { [camel(v.name)]: v.text, timeoutMs: 8000 } }, 2)),
  place('MCP server settings', true, (v) =>
    json({ mcpServers: { catalog: { command: 'npx', args: ['-y', '@acme/catalog-mcp'], env: { [v.name]: v.text } } } }, 2),
  ),
  place(
    'HTML attribute',
    true,
    (v) =>
      `<div id="widget" data-${kebab(v.name)}="${xml(v.text)}" data-locale="de-AT"></div>\n<script src="/assets/widget.js" defer></script>`,
  ),
  place('JavaScript stack trace', false, (v, c) => {
    return (
      `${stamp(c)} error: upstream refused '${v.text}'\n    at Client.send (/app/` +
      `dist/client.js:88:13)\n    at async Job.run (/app/dist/job.js:41:5)`
    )
  }),
]
