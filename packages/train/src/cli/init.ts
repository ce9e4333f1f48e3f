import { existsSync } from 'node:fs'
import { userPath } from '@sohu-match/node'
import { fetchNamedWeights, namedOptions } from '../pretrained/named/fetch'

/** The folder of weights that a person names: a folder, or a name of the table of public weights, which are fetched where they are not kept. */
export async function weightsFolder(text: string): Promise<string> {
  const folder = userPath(text)
  return existsSync(folder) ? folder : namedWeights(text)
}

/** The folder of public weights of a name, with a line on stderr for each attempt to fetch them. */
export function namedWeights(name: string): Promise<string> {
  return fetchNamedWeights(name, {
    ...namedOptions(process.env),
    onFetch: (name, source, bytes) => console.error(`Fetching ${name} (${(bytes / 1e6).toFixed(0)} MB): ${source} …`)
  })
}
