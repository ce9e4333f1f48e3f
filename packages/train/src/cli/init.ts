import { existsSync } from 'node:fs'
import { userPath } from '@sohu-match/node'
import { fetchNamedWeights, keptNamedWeights, namedOptions } from '../pretrained/named/fetch'

/** `text` is a folder, or a name in the table of public weights, which are fetched if they are not cached. */
export async function weightsFolder(text: string): Promise<string> {
  const folder = userPath(text)
  return existsSync(folder) ? folder : namedWeights(text)
}

/** Reports each attempt to fetch them on stderr. */
export function namedWeights(name: string): Promise<string> {
  return fetchNamedWeights(name, {
    ...namedOptions(process.env),
    onFetch: (name, source, bytes) => console.error(`Fetching ${name} (${(bytes / 1e6).toFixed(0)} MB): ${source} …`)
  })
}

/** The folder of public weights that are cached; nothing is fetched. */
export function keptWeights(name: string): Promise<string | undefined> {
  return keptNamedWeights(name, namedOptions(process.env))
}
