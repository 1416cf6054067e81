import type { Chance } from '../random.ts'

export type Put = { name: string; text: string }
/** `beside`: the name of the variable stands beside the value. */
export type Place = { place: string; beside: boolean; put: (v: Put, c: Chance) => string }

export function place(name: string, beside: boolean, put: Place['put']): Place {
  return { place: name, beside, put }
}

export const json = (value: unknown, indent?: number): string => JSON.stringify(value, null, indent)
export const kebab = (name: string): string => name.toLowerCase().replaceAll('_', '-')
export const snake = (name: string): string => name.toLowerCase()
export const camel = (name: string): string => name.toLowerCase().replace(/_+(.)/g, (_, letter: string) => letter.toUpperCase())

export const call = (c: Chance): string => `call_${c.run('A', 24)}`
export const toolu = (c: Chance): string => `toolu_01${c.run('A', 22)}`

export function stamp(c: Chance): string {
  const two = (number: number): string => String(number).padStart(2, '0')
  return `2026-0${1 + c.below(9)}-${two(1 + c.below(28))}T${two(c.below(24))}:${two(c.below(60))}:${two(c.below(60))}.${c.digits(3)}Z`
}

export const SHELL: readonly Place[] = [
  place('env dump in a tool result', true, (v, c) => {
    const content = `HOSTNAME=runner-${c.run('L', 6)}\nLANG=C.UTF-8\n${v.name}=${v.text}\nSHLVL=2\nPWD=/srv/app\n`
    return json({ role: 'tool', tool_call_id: call(c), content })
  }),
  place(
    'dotenv file',
    true,
    (v, c) => `# ${c.pick(['staging', 'production', 'local'])} settings\nPORT=8080\nLOG_LEVEL=info\n${v.name}=${v.text}\nCACHE_TTL=300\n`,
  ),
  place('quoted dotenv line', true, (v) => `NODE_ENV=production\n${v.name}="${v.text}"\n\nFEATURE_EXPORTS=on`),
  place('export in a bash call', true, (v, c) => {
    const command = `export ${v.name}='${v.text}' && make deploy REGION=eu-west-1`
    const tool = { id: call(c), type: 'function', function: { name: 'bash', arguments: json({ command, timeout: 120 }) } }
    return json({ role: 'assistant', content: null, tool_calls: [tool] })
  }),
  place('inline variable of a command', true, (v) => `$ ${v.name}='${v.text}' npx sync-catalog --since 2d\n✔ 1,204 items in 8.3 s`),
  place(
    'set -x trace',
    true,
    (v) =>
      `+ cd /srv/jobs\n+ export ${v.name}=${v.text}\n+ ${v.name}=${v.text}\n+ python3 -m jobs.nightly\nTraceback (most recent call last):`,
  ),
  place('printenv answer', false, (v) => `$ printenv ${v.name}\n${v.text}\n$ `),
  place(
    'history output',
    true,
    (v) => `  481  git pull --rebase\n  482  export ${v.name}=${v.text}\n  483  docker compose up -d\n  484  history`,
  ),
  place(
    'docker run',
    true,
    (v, c) => `docker run --rm -d --name api-${c.run('L', 4)} -p 8080:8080 -e '${v.name}=${v.text}' acme/api:2.14.0`,
  ),
  place('docker inspect', true, (v, c) => {
    return json(
      [{ Id: c.run('H', 64), Config: { Env: ['PATH=/usr/local/bin:/usr/bin', `${v.name}=${v.text}`], Image: 'acme/worker:1.9.2' } }],
      2,
    )
  }),
  place('PowerShell', true, (v) => `PS C:\\build> $env:${v.name} = '${v.text}'\nPS C:\\build> .\\publish.ps1 -Configuration Release`),
  place('fish shell', true, (v) => `set -gx ${v.name} '${v.text}'\nset -gx EDITOR nvim`),
  place('heroku config', true, (v) => `=== acme-orders Config Vars\n\nDYNO_RAM:  512\n${v.name}: ${v.text}\nWEB_CONCURRENCY: 2`),
  place(
    'systemd unit',
    true,
    (v) =>
      `# /etc/systemd/system/ingest.service\n[Service]\nExecStart=/usr/local/bin/ing` +
      `est --workers 4\nEnvironment="${v.name}=${v.text}"\nRestart=on-failure`,
  ),
  place('Dockerfile', true, (v) => `FROM node:22-slim\nWORKDIR /app\nENV ${v.name}="${v.text}"\nCOPY . .\nRUN npm ci --omit=dev`),
  place(
    'compose file',
    true,
    (v) =>
      `services:\n  api:\n    image: acme/api:3.2\n    environment:\n      TZ: Europe` +
      `/Vienna\n      ${v.name}: "${v.text}"\n    ports:\n      - "8080:8080"`,
  ),
  place(
    'workflow file',
    true,
    (v) =>
      `jobs:\n  release:\n    runs-on: ubuntu-24.04\n    env:\n      ${v.name}: '${v.text}'\n    steps:\n      - uses: actions/checkout@v4`,
  ),
  place(
    'GitLab CI variables',
    true,
    (v) => `deploy:\n  stage: deploy\n  variables:\n    ${v.name}: "${v.text}"\n  script:\n    - ./bin/deploy.sh`,
  ),
  place(
    'Kubernetes deployment',
    true,
    (v) =>
      `    spec:\n      containers:\n        - name: api\n          env:\n            - ` +
      `name: ${v.name}\n              value: "${v.text}"\n          resources: {}`,
  ),
  place('Helm values', true, (v) => `replicaCount: 2\nenv:\n  ${v.name}: '${v.text}'\ningress:\n  enabled: true`),
  place('Terraform variables', true, (v) => `region = "eu-north-1"\n${snake(v.name)} = "${v.text}"\ninstance_count = 3`),
  place(
    'Terraform resource',
    true,
    (v) =>
      `resource "aws_lambda_function" "sync" {\n  function_name = "sync"\n  environm` +
      `ent {\n    variables = {\n      ${v.name} = "${v.text}"\n    }\n  }\n}`,
  ),
  place(
    'Terraform plan',
    true,
    (v) =>
      `  ~ resource "kubernetes_config_map" "api" {\n      ~ data = {\n          + "${v.name}` +
      `" = "${v.text}"\n        }\n    }\n\nPlan: 0 to add, 1 to change, 0 to destroy.`,
  ),
  place(
    'Ansible task',
    true,
    (v) =>
      `- name: Write settings\n  ansible.builtin.lineinfile:\n    path: /etc/` +
      `default/api\n    line: "${v.name}=${v.text}"\n    mode: "0600"`,
  ),
  place('INI file', true, (v) => `; worker.ini\n[queue]\nprefetch = 20\n${snake(v.name)} = ${v.text}\n\n[log]\nlevel = warn`),
  place('TOML file', true, (v) => `title = "exporter"\n\n[upstream]\n${snake(v.name)} = "${v.text}"\nretries = 5`),
  place('YAML file', true, (v) => `server:\n  port: 9000\nupstream:\n  ${kebab(v.name)}: "${v.text}"\n  timeout: 5s\n`),
  place(
    'Java properties',
    true,
    (v) =>
      `spring.application.name=billing\napp.` +
      `${kebab(v.name).replaceAll('-', '.')}=${v.text}\nmanagement.endpoints.w` +
      `eb.exposure.include=health`,
  ),
]
