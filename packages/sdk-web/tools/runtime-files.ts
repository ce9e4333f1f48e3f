import { createHash } from 'node:crypto'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { gzipSync } from 'node:zlib'

/** onnxruntime-web's builds by device: `script` is its module with the Emscripten glue, `binary` its WebAssembly. */
const SOURCES = {
  wasm: { script: 'ort.wasm.bundle.min.mjs', binary: 'ort-wasm-simd-threaded.wasm' },
  webgpu: { script: 'ort.webgpu.bundle.min.mjs', binary: 'ort-wasm-simd-threaded.asyncify.wasm' }
}

/**
 * Copies onnxruntime-web's files into `folder` and returns the constants for the worker. Scripts become `.js`, because
 * some servers do not know `.mjs`; binaries are gzipped (14.2 -> 3.7 MB and 26.8 -> 6.6 MB), because many servers send
 * `.wasm` uncompressed, and some refuse files over 25 MiB.
 */
export async function writeRuntimeFiles(
  folder: string
): Promise<{ version: string; builds: Record<string, { bytes: number; sha256: string }> }> {
  const require = createRequire(import.meta.url)
  const dist = dirname(require.resolve('onnxruntime-web/wasm'))
  const { version } = JSON.parse(await readFile(join(dist, '..', 'package.json'), 'utf8')) as { version: string }
  await mkdir(folder, { recursive: true })
  const builds: Record<string, { bytes: number; sha256: string }> = {}
  for (const [device, { script, binary }] of Object.entries(SOURCES)) {
    const source = (await readFile(join(dist, script), 'utf8')).replace(/\n?\/\/# sourceMappingURL=.*\s*$/, '\n')
    await writeFile(join(folder, `ort.${device}.js`), source)
    const raw = await readFile(join(dist, binary))
    const packed = gzipSync(raw, { level: 9 })
    await writeFile(join(folder, `ort.${device}.bin`), packed)
    builds[device] = { bytes: packed.length, sha256: createHash('sha256').update(packed).digest('hex') }
  }
  return { version, builds }
}
