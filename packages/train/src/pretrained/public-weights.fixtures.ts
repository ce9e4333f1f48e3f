import { copyFileSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { fixture, fixtureJson } from '../checkpoint/parity.fixtures'

/** The three forms in which the reference's tiny RoFormer is kept, with the files of each. */
export const FORMS = {
  tensorflow: [
    'roformer-tiny-tf/bert_model.ckpt.index',
    'roformer-tiny-tf/bert_model.ckpt.data-00000-of-00001',
    'roformer-tiny-tf/bert_config.json'
  ],
  safetensors: ['roformer-tiny-hf/model.safetensors', 'roformer-tiny-hf/config.json'],
  pytorch: ['roformer-tiny-hf/pytorch_model.bin', 'roformer-tiny-hf/config.json']
} as const

/** The name of one of the three forms. */
export type Form = keyof typeof FORMS

/** A new temporary folder. */
export function temporaryFolder(): string {
  return mkdtempSync(join(tmpdir(), 'public-weights-'))
}

/** A vocabulary of `size` meaningless tokens. */
export function vocabulary(size: number): string {
  const special = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]']
  return `${Array.from({ length: size }, (_, id) => special[id] ?? `token${id}`).join('\n')}\n`
}

/** A folder with the tiny RoFormer in one form, as a person would have fetched it. */
export function publicFolder(form: Form, folder = temporaryFolder()): string {
  mkdirSync(folder, { recursive: true })
  for (const file of FORMS[form]) copyFileSync(fileURLToPath(fixture(file)!), join(folder, basename(file)))
  writeFileSync(join(folder, 'vocab.txt'), vocabulary(600))
  return folder
}

/** Changes keys of the configuration in a folder; undefined takes a key away. */
export function changeConfig(folder: string, form: Form, changes: Record<string, unknown>): void {
  const file = FORMS[form].at(-1)!
  writeFileSync(
    join(folder, basename(file)),
    JSON.stringify({ ...fixtureJson<Record<string, unknown>>(file), ...changes })
  )
}
