import { parseAst } from 'vitest/node'

/** An import, a re-export or a dynamic import. `specifier` is undefined where the module's name is computed. */
export type ImportFact = {
  readonly specifier: string | undefined
  readonly line: number
  readonly lazy: boolean
  readonly typeOnly: boolean
}

export type SourceFacts = {
  readonly imports: readonly ImportFact[]
  /** Lines that end the process, or take hold of the function that does. */
  readonly exits: readonly number[]
  /** Lines that assert through `unknown` or `any`. */
  readonly doubleAssertions: readonly number[]
}

type Node = { readonly type: string; readonly start: number } & { readonly [key: string]: unknown }

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && typeof Reflect.get(value, 'type') === 'string'
}

function childrenOf(node: Node): Node[] {
  return Object.values(node).flat().filter(isNode)
}

function isName(value: unknown, name: string): boolean {
  return isNode(value) && (value.type === 'Identifier' ? value['name'] === name : value.type === 'Literal' && value['value'] === name)
}

/** The text of a string literal, or of a template without holes. */
function textOf(value: unknown): string | undefined {
  if (!isNode(value)) return undefined
  if (value.type === 'Literal' && typeof value['value'] === 'string') return value['value']
  // `typeof import('x')` and `import('x').T` hold their module in a type literal.
  if (value.type === 'TSLiteralType') return textOf(value['literal'])
  if (value.type !== 'TemplateLiteral') return undefined
  const [only, ...more] = (value['quasis'] as { value: { cooked: string } }[]) ?? []
  return more.length === 0 ? only?.value.cooked : undefined
}

const PROCESS_MODULES = ['process', 'node:process']
const isProcess = (value: unknown): boolean =>
  isName(value, 'process') || (isNode(value) && value.type === 'MemberExpression' && isName(value['property'], 'process'))
const EXITS = ['exit', 'reallyExit', 'abort']
const isExit = (value: unknown): boolean => EXITS.some((name) => isName(value, name))

/** `process.exit`, `process['exit']`, `const { exit } = process`, `import { exit } from 'node:process'`. */
function takesExit(node: Node): boolean {
  switch (node.type) {
    case 'MemberExpression':
      return isProcess(node['object']) && isExit(node['property'])
    case 'VariableDeclarator':
      return isProcess(node['init']) && isNode(node['id']) && childrenOf(node['id']).some((property) => isExit(property['key']))
    case 'ImportDeclaration':
      return PROCESS_MODULES.includes(textOf(node['source']) ?? '') && childrenOf(node).some((specifier) => isExit(specifier['imported']))
    default:
      return false
  }
}

function importOf(node: Node): Omit<ImportFact, 'line'> | undefined {
  switch (node.type) {
    case 'ImportDeclaration':
      return { specifier: textOf(node['source']), lazy: false, typeOnly: node['importKind'] === 'type' }
    case 'ExportNamedDeclaration':
    case 'ExportAllDeclaration':
      return isNode(node['source'])
        ? { specifier: textOf(node['source']), lazy: false, typeOnly: node['exportKind'] === 'type' }
        : undefined
    case 'ImportExpression':
      return { specifier: textOf(node['source']), lazy: true, typeOnly: false }
    case 'TSImportType':
      return { specifier: textOf(node['source'] ?? node['argument']), lazy: false, typeOnly: true }
    default:
      return undefined
  }
}

const isCallOf = (value: unknown, name: string): value is Node =>
  isNode(value) && value.type === 'CallExpression' && isName(value['callee'], name)

/**
 * What is loaded by a `require` of the file's own making. Under any other name what createRequire gives cannot be followed, and
 * counts as a computed import; a function that happens to be called `require` is nobody's business.
 */
function requiresOf(program: Node): { node: Node; specifier: string | undefined }[] {
  const calls: { node: Node; specifier: string | undefined }[] = []
  let made = false
  const visit = (node: Node): void => {
    if (node.type === 'VariableDeclarator' && isName(node['id'], 'require') && isCallOf(node['init'], 'createRequire')) {
      made = true
      return
    }
    if (isCallOf(node, 'createRequire')) calls.push({ node, specifier: undefined })
    if (isCallOf(node, 'require')) calls.push({ node, specifier: textOf((node['arguments'] as unknown[])[0]) })
    for (const child of childrenOf(node)) visit(child)
  }
  visit(program)
  return made ? calls : calls.filter(({ node }) => isCallOf(node, 'createRequire'))
}

const isLoose = (value: unknown): boolean => isNode(value) && (value.type === 'TSUnknownKeyword' || value.type === 'TSAnyKeyword')

/** Reads a TypeScript file with a real parser, so that comments and strings that look like imports are none. Throws on a syntax error. */
export function readFacts(path: string, text: string): SourceFacts {
  const imports: ImportFact[] = []
  const exits: number[] = []
  const doubleAssertions: number[] = []
  const lineOf = (node: Node): number => text.slice(0, node.start).split('\n').length
  const visit = (node: Node): void => {
    const found = importOf(node)
    if (found !== undefined) imports.push({ ...found, line: lineOf(node) })
    if (takesExit(node)) exits.push(lineOf(node))
    const inner = node['expression']
    if (node.type === 'TSAsExpression' && isNode(inner) && inner.type === 'TSAsExpression' && isLoose(inner['typeAnnotation'])) {
      doubleAssertions.push(lineOf(node))
    }
    for (const child of childrenOf(node)) visit(child)
  }
  const program: unknown = parseAst(text, { lang: 'ts', sourceType: 'module' }, path)
  if (!isNode(program)) throw new Error(`${path}: the parser gave no program`)
  visit(program)
  for (const { node, specifier } of requiresOf(program)) imports.push({ specifier, line: lineOf(node), lazy: true, typeOnly: false })
  return { imports, exits, doubleAssertions }
}
