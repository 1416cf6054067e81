import { call, json, kebab, type Place, place, snake, stamp, toolu } from './places-shell.ts'

const flat = (text: string): string => text.replaceAll('|', '\\|')

export const TALK: readonly Place[] = [
  place('user message', false, (v) =>
    json({ role: 'user', content: `here you go, use this one for staging: ${v.text} and run the import again` }),
  ),
  place('user message naming it', true, (v) =>
    json({ role: 'user', content: `My ${v.name} is ${v.text}. Why do I get 403 on the second call?` }),
  ),
  place('system prompt', true, (v) =>
    json({
      role: 'system',
      content: `You maintain the orders service.\nCall the API with ${v.name}=${v.text} and never ask for it again.`,
    }),
  ),
  place(
    'assistant answer',
    false,
    (v) => `I found it in the old deployment notes:\n\n\`${v.text}\`\n\nIt should be rotated after the migration.`,
  ),
  place(
    'assistant answer with a fence',
    true,
    (v) => `Put this into \`.env.local\`:\n\n\`\`\`sh\n${v.name}=${v.text}\n\`\`\`\n\nThen restart the dev server.`,
  ),
  place('content parts', false, (v) =>
    json({ role: 'user', content: [{ type: 'text', text: `credential for the sandbox account\n${v.text}\nthanks!` }] }),
  ),
  place('chat transcript', false, (v) => `10:41 Mira: which one do I use?\n10:42 Jonas: ${v.text}\n10:42 Mira: works, thx`),
  place('ticket text', true, (v) => `Steps to reproduce\n1. set ${v.name} to ${v.text}\n2. POST /v2/orders\nExpected 201, got 401.`),
  place(
    'markdown table',
    true,
    (v) => `| Setting | Value | Owner |\n| --- | --- | --- |\n| region | eu-west-1 | infra |\n| ${v.name} | ${flat(v.text)} | orders |`,
  ),
  place(
    'markdown list',
    true,
    (v) => `## Access\n\n- host: api.acme.net\n- ${snake(v.name)}: \`${v.text}\`\n- valid until: end of quarter`,
  ),
  place(
    'handover mail',
    true,
    (v) => `Hi both,\n\nbefore I leave, the missing setting for the exporter:\n\n  ${v.name}: ${v.text}\n\nRegards\nPetra`,
  ),
  place('tool call with nested JSON', true, (v, c) => {
    const body = json({ name: kebab(v.name), value: v.text, scope: 'repository' })
    const tool = {
      id: call(c),
      type: 'function',
      function: { name: 'http_request', arguments: json({ method: 'PUT', path: '/settings', body }) },
    }
    return json({ role: 'assistant', tool_calls: [tool] })
  }),
  place('tool input', true, (v, c) =>
    json({ type: 'tool_use', id: toolu(c), name: 'configure', input: { profile: 'ci', [snake(v.name)]: v.text } }),
  ),
  place('Python tool result', true, (v, c) =>
    json({ role: 'tool', tool_call_id: call(c), content: `{'region': 'eu', '${snake(v.name)}': '${v.text}', 'ttl': 600}` }),
  ),
  place('tool error', false, (v, c) =>
    json({ type: 'tool_result', tool_use_id: toolu(c), is_error: true, content: `AuthError: credential '${v.text}' was rejected (401)` }),
  ),
  place('span attributes', true, (v, c) => {
    return json({
      traceId: c.run('H', 32),
      spanId: c.run('H', 16),
      name: 'configure',
      attributes: { 'app.region': 'eu', [`app.${snake(v.name)}`]: v.text },
    })
  }),
  place('JSON log line', true, (v, c) =>
    json({ ts: stamp(c), level: 'debug', msg: 'loaded settings', [snake(v.name)]: v.text, pid: 1000 + c.below(9000) }),
  ),
  place('plain log line', true, (v, c) => `${stamp(c)} DEBUG settings - ${snake(v.name)}=${v.text} region=eu-west-1 ttl=600`),
  place('log sentence', false, (v, c) => `${stamp(c)} WARN  auth: rejected credential ${v.text} from 10.4.2.${c.below(250)}`),
  place('logfmt', true, (v, c) => `time=${stamp(c)} level=info msg="config reloaded" ${snake(v.name)}="${v.text}" changed=3`),
  place(
    'SQL insert',
    true,
    (v, c) => `INSERT INTO settings (id, name, value, updated_at) VALUES (${c.digits(4)}, '${snake(v.name)}', '${v.text}', now());`,
  ),
  place(
    'SQL rows',
    true,
    (v) => ` id |        name        | value\n----+--------------------+-------\n  7 | ${snake(v.name)} | ${v.text}\n(1 row)`,
  ),
  place(
    'CSV export',
    true,
    (v) => `service,setting,value,rotated\norders,${snake(v.name)},"${v.text}",2026-02-11\norders,region,eu-west-1,`,
  ),
  place(
    'HTTP response',
    true,
    (v) => `HTTP/1.1 201 Created\r\ncontent-type: application/json\r\n\r\n{"id":81,"${snake(v.name)}":"${v.text}","expires_in":3600}`,
  ),
  place('JSON response', false, (v, c) =>
    json({ id: c.uuid(), created: 1760000000 + c.below(9999999), data: { label: 'ci', token: v.text } }),
  ),
  place(
    'form body',
    true,
    (v) => `POST /admin/settings HTTP/1.1\nHost: api.acme.net\nContent-Type: text/plain\n\n${snake(v.name)}: ${v.text}\nmode: live`,
  ),
  place('curl data', true, (v) => `curl -sS https://api.acme.net/v1/settings -d '{"${snake(v.name)}":"${v.text}","mode":"live"}'`),
  place(
    'curl header',
    false,
    (v) => `curl -sS https://api.acme.net/v1/orders \\\n  -H 'Accept: application/json' \\\n  -H 'Authorization: Bearer ${v.text}'`,
  ),
  place(
    'redis session',
    true,
    (v) => `127.0.0.1:6379> HGETALL settings:orders\n1) "${snake(v.name)}"\n2) "${v.text}"\n3) "mode"\n4) "live"`,
  ),
  place(
    'thought of an agent',
    false,
    (v) => `The previous command failed because the variable is empty. The README mentions ${v.text}, so I will pass it explicitly.`,
  ),
]
