import { existsSync, mkdirSync, mkdtempSync, readdirSync, realpathSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, describe, expect, it } from 'vitest'
import { CHECKPOINT_FOLDER, MODEL_FOLDER, outputFolder } from './output-folder'

let root: string
let out: string
beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'node-output-')))
  out = join(root, 'out')
})

function write(files: Record<string, string>, folder = out): void {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(join(folder, name, '..'), { recursive: true })
    writeFileSync(join(folder, name), text)
  }
}

const MODEL = { 'manifest.json': '{"files": {"onnx/model.onnx": {}}, "graphs": {}}', 'onnx/model.onnx': '' }
const TASK_MODEL = { 'config.json': '{"sohu_match": {"task": "A-ss"}}', 'README.md': '', 'onnx/model_int8.onnx': '' }
const CHECKPOINT = { 'config.json': '{"conditioning": "layer-norm"}', 'model.safetensors': '', 'vocab.txt': '' }

const model = (force = true, current?: string) => outputFolder(out, { kind: MODEL_FOLDER, force, current })
const refused = (message: RegExp) => ({ code: 'output-exists', message: expect.stringMatching(message) })

describe('the folder of --out', () => {
  it('is free where nothing is, with and without --force', async () => {
    expect([await model(), await model(false)]).toEqual([out, out])
  })

  it.each([
    ['a model folder', MODEL, MODEL_FOLDER],
    ['a one-task export', TASK_MODEL, MODEL_FOLDER],
    ['a checkpoint', CHECKPOINT, CHECKPOINT_FOLDER],
    ['an empty folder', {}, MODEL_FOLDER]
  ])('may be %s with --force only', async (_, files, kind) => {
    mkdirSync(out)
    write(files)
    expect(await outputFolder(out, { kind, force: true })).toBe(out)
    await expect(outputFolder(out, { kind, force: false })).rejects.toMatchObject(refused(/add --force/))
  })

  it.each([
    ['photographs', { 'a.jpg': '' }],
    ['a web project whose manifest.json is another', { 'manifest.json': '{"name": "site", "icons": []}' }],
    ['a manifest that is not JSON', { 'manifest.json': '{' }],
    ['a checkpoint', CHECKPOINT],
    ['a public checkpoint', { 'config.json': '{"model_type": "roformer"}', 'model.safetensors': '' }]
  ])('may not be %s', async (_, files) => {
    write(files)
    await expect(model()).rejects.toMatchObject(refused(/is not a model folder, which is all that --force replaces/))
    await expect(outputFolder(out, { kind: CHECKPOINT_FOLDER, force: files !== CHECKPOINT })).rejects.toMatchObject({
      code: 'output-exists'
    })
  })

  it('may not hold what the manifest does not list', async () => {
    write({ ...MODEL, 'notes/todo.txt': '', '.git/HEAD': '' })
    await expect(model()).rejects.toMatchObject(refused(/not part of its model folder: \.git\/HEAD, notes\/todo\.txt;/))
  })

  it('is never the current folder, nor one that holds it', async () => {
    write(MODEL)
    await expect(model(true, out)).rejects.toMatchObject(refused(/is the current folder/))
    await expect(model(true, join(out, 'onnx'))).rejects.toMatchObject(refused(/is the current folder or holds it/))
    mkdirSync(join(root, 'out-of-it'))
    expect(await model(true, join(root, 'out-of-it'))).toBe(out)
  })

  it('is what a link leads to, and the link stays', async () => {
    write(MODEL, join(root, 'v1'))
    symlinkSync(join(root, 'v1'), out)
    expect(await model()).toBe(join(root, 'v1'))
  })

  it('is neither a file nor a link to nothing', async () => {
    symlinkSync(join(root, 'nothing'), out)
    await expect(model()).rejects.toMatchObject(refused(/is a link to a folder that does not exist/))
    out = join(root, 'file')
    writeFileSync(out, '')
    await expect(model()).rejects.toMatchObject(refused(/is a file/))
    expect([existsSync(out), readdirSync(root).sort()]).toEqual([true, ['file', 'out']])
  })
})
