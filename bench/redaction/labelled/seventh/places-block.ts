import { call, json, type Place, place, stamp, toolu } from './places-shell.ts'

const indent = (text: string, width: number): string =>
  text
    .split('\n')
    .map((line) => ' '.repeat(width) + line)
    .join('\n')

/** Surroundings of texts of several lines. */
export const BLOCKS: readonly Place[] = [
  place('cat in a tool result', false, (v, c) =>
    json({ role: 'tool', tool_call_id: call(c), content: `$ cat ${v.name.toLowerCase()}\n${v.text}\n` }),
  ),
  place('fenced block', false, (v) => `This is what the build image has:\n\n\`\`\`\n${v.text}\n\`\`\`\n\nShould we move it?`),
  place('here-document call', false, (v, c) => {
    const command = `cat > /tmp/${v.name.toLowerCase()} <<'EOF'\n${v.text}\nEOF\nchmod 600 /tmp/${v.name.toLowerCase()}`
    return json({
      role: 'assistant',
      tool_calls: [{ id: call(c), type: 'function', function: { name: 'bash', arguments: json({ command }) } }],
    })
  }),
  place('file as it is', false, (v) => v.text),
  place(
    'added file in a diff',
    false,
    (v) =>
      `diff --git a/conf/x b/conf/x\nnew file mode 100644\n--- /dev/null\n+++ b/conf/x\n@@ -0,0 +1 @@\n${v.text
        .split('\n')
        .map((line) => `+${line}`)
        .join('\n')}`,
  ),
  place('YAML block scalar', false, (v) => `data:\n  ${v.name.toLowerCase()}: |\n${indent(v.text, 4)}\n  mode: live`),
  place('write_file call', false, (v, c) => {
    return json({
      type: 'tool_use',
      id: toolu(c),
      name: 'write_file',
      input: { path: `deploy/${v.name.toLowerCase()}`, content: `${v.text}\n` },
    })
  }),
  place('numbered lines', false, (v) =>
    v.text
      .split('\n')
      .map((line, at) => `${String(at + 1).padStart(6)}\t${line}`)
      .join('\n'),
  ),
  place('Python string', false, (v) => `${v.name} = """\n${v.text}\n"""\n\nwrite(${v.name})`),
  place('template literal', false, (v) => `export const ${v.name.toLowerCase()} = \`${v.text}\`\n`),
  place('user message', false, (v) =>
    json({ role: 'user', content: `it says invalid format, is something wrong with this?\n\n${v.text}` }),
  ),
  place('MCP result', false, (v, c) =>
    json({ jsonrpc: '2.0', id: c.below(900), result: { content: [{ type: 'text', text: v.text }], isError: false } }),
  ),
  place('notebook output', false, (v) => {
    return json({
      cells: [{ cell_type: 'code', source: ['!cat conf'], outputs: [{ output_type: 'stream', name: 'stdout', text: [`${v.text}\n`] }] }],
    })
  }),
  place('debug log', false, (v, c) => `${stamp(c)} DEBUG rendered template\n${v.text}\n${stamp(c)} INFO done`),
  place('Windows line ends', false, (v) => `type ${v.name.toLowerCase()}\r\n${v.text.replaceAll('\n', '\r\n')}\r\n`),
  place('escaped line ends in an env file', true, (v) => `PORT=8080\n${v.name}='${v.text.replaceAll('\n', '\\n')}'\nLOG=info`),
]
