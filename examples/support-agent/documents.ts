import { existsSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

export type Section = { readonly id: string; readonly title: string; readonly text: string }

/** The project's folder: the nearest one above this file that holds README.md beside package.json. */
function projectFolder(): string {
  let folder = dirname(fileURLToPath(import.meta.url))
  while (!(existsSync(join(folder, 'package.json')) && existsSync(join(folder, 'README.md')))) {
    const parent = dirname(folder)
    if (parent === folder) throw new Error('support-agent: found no folder with package.json and README.md above this file')
    folder = parent
  }
  return folder
}

async function markdownFiles(folder: string): Promise<string[]> {
  const docs = join(folder, 'docs')
  const found = existsSync(docs) ? (await readdir(docs, { recursive: true })).map((name) => join(docs, name)) : []
  return [join(folder, 'README.md'), ...found.filter((name) => name.endsWith('.md') && !name.includes('decisions')).sort()]
}

/** Cuts this project's own documentation into sections, one per heading, in the order of the files. */
export async function readSections(): Promise<Section[]> {
  const folder = projectFolder()
  const sections: Section[] = []
  for (const file of await markdownFiles(folder)) {
    const path = relative(folder, file)
    let title = path
    let lines: string[] = []
    const close = (): void => {
      // Code and tables are left out: the model of this example quotes sentences.
      // What stays is unwrapped, so that a sentence is on one line.
      const text = lines
        .join('\n')
        .replace(/^```[\s\S]*?^```$/gm, '')
        .replace(/^(?:\||<!--| {4}).*$/gm, '')
        .replace(/(\S)\n {0,3}(?=[^\s-])/g, '$1 ')
        .trim()
      if (text !== '') sections.push({ id: `${path}#${sections.length}`, title, text })
      lines = []
    }
    for (const line of (await readFile(file, 'utf8')).split('\n')) {
      const heading = /^#{1,4} (.+)$/.exec(line)
      if (heading === null) lines.push(line)
      else {
        close()
        title = heading[1]!
      }
    }
    close()
  }
  return sections
}
