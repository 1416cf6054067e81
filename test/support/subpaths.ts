import manifest from '../../package.json' with { type: 'json' }

/** What a program can import from the package: its name, and the file behind it in src/ and in dist/. */
export type Subpath = { readonly specifier: string; readonly source: string; readonly built: string; readonly types: string }

/** Read from the exports map, so that a new subpath is tested without anybody thinking of it. */
export const SUBPATHS: readonly Subpath[] = Object.entries(manifest.exports).flatMap(([subpath, target]) =>
  typeof target === 'string'
    ? []
    : [{ specifier: subpath.replace(/^\./, manifest.name), source: target['reprise-source'], built: target.default, types: target.types }],
)
