import { basename, dirname, join } from 'node:path'
import { describeIssues } from '@sohu-match/core'
import { readJson } from '@sohu-match/node'
import * as v from 'valibot'
import { damaged, type SourceTensor, type TensorSource } from './source'

const indexSchema = v.object({ weight_map: v.record(v.string(), v.string()) })

/**
 * A checkpoint in several files, like Hugging Face's large ones: `….index.json` maps each tensor's name to a file next
 * to it. Throws `checkpoint-invalid` for a map that does not match the files, or that names a file elsewhere.
 */
export async function openSharded(index: string, open: (path: string) => Promise<TensorSource>): Promise<TensorSource> {
  const parsed = v.safeParse(indexSchema, await readJson(index, 'checkpoint-invalid', 'checkpoint-invalid'))
  if (!parsed.success) throw damaged(index, describeIssues(parsed.issues))
  const places = Object.entries(parsed.output.weight_map)
  const files = [...new Set(places.map(([, file]) => file))]
  const stray = files.find((file) => basename(file) !== file || file === '..')
  if (stray !== undefined) throw damaged(index, `it names the file "${stray}"; parts must be next to the index`)
  const opened = new Map<string, TensorSource>()
  const close = async (): Promise<void> => {
    await Promise.all([...opened.values()].map((source) => source.close()))
  }
  try {
    for (const file of files) opened.set(file, await open(join(dirname(index), file)))
    const tensors = new Map<string, SourceTensor>()
    for (const [name, file] of places) {
      const tensor = opened.get(file)!.tensors.get(name)
      if (!tensor) throw damaged(index, `tensor "${name}" should be in ${file}, which does not have it`)
      tensors.set(name, tensor)
    }
    return { files: [index, ...[...opened.values()].flatMap((source) => source.files)], tensors, close }
  } catch (cause) {
    await close()
    throw cause
  }
}
