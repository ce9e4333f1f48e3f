import { readdirSync, readFileSync } from 'node:fs'

/** Content of /proc/ID/name; empty if the process has exited or belongs to another user. */
function read(id, name) {
  try {
    return readFileSync(`/proc/${id}/${name}`, 'utf8')
  } catch (error) {
    if (['ENOENT', 'ESRCH', 'EACCES'].includes(error.code)) return ''
    throw error
  }
}

/** The ids of the `sohu-match score` processes whose command names `text`. */
export function processesWith(text) {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((id) => {
      const words = read(id, 'cmdline').split('\0')
      return words.includes('score') && words.includes(text)
    })
}

/** How many bytes a process has written so far. */
export const writtenBy = (id) => Number(/^wchar: (\d+)$/m.exec(read(id, 'io'))?.[1] ?? 0)

/** The nearest process above `id` whose command contains `text`. */
export function ancestorOf(id, text) {
  for (let above = parentOf(id); above > 1; above = parentOf(above)) {
    if (read(above, 'cmdline').includes(text)) return above
  }
  throw new Error(`No process above ${id} runs ${text}.`)
}

/** The second field after the command's name, which is in brackets and may hold anything. */
const parentOf = (id) =>
  Number(
    read(id, 'stat')
      .replace(/^[^]*\) /, '')
      .split(' ')[1] ?? 0
  )
