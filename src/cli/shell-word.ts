/** A word of a command that is to be pasted into a shell: in quotes where the shell would see more in it than itself. */
export function shellWord(text: string): string {
  return /^[\w./@%+=:,-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`
}
