import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { run } from '../../packages/trainer/setup/run.mjs'
import { findPython } from '../../packages/trainer/setup/wheels.mjs'

const python = await findPython()
const unpack = fileURLToPath(new URL('../../packages/trainer/setup/unpack.py', import.meta.url))
const MEMBERS = [
  'tensorflow/libtensorflow_cc.so.2',
  'tensorflow/libtensorflow_framework.so.2',
  'tensorflow/python/x.py',
  'tensorflow/include/tensorflow/c/c_api.h',
  'tensorflow/include/tensorflow/core/framework/op.h',
  'tensorflow/include/xla/tsl/c/tsl_status.h',
  'nvidia/cublas/lib/libcublas.so.12',
  'nvidia/cublas/include/cublas.h',
  'nvidia/__init__.py'
]

describe('unpack.py', () => {
  it(
    'takes libraries and the headers that the addon needs, and nothing else',
    { skip: !python && 'no Python' },
    async () => {
      const folder = mkdtempSync(path.join(os.tmpdir(), 'unpack-'))
      try {
        const make =
          'import sys, zipfile\nwith zipfile.ZipFile(sys.argv[1], "w") as z:\n  for name in sys.argv[2:]: z.writestr(name, name)'
        await run(python, ['-c', make, path.join(folder, 'a.whl'), ...MEMBERS])
        await run(python, [unpack, folder, path.join(folder, 'out')])
        const files = readdirSync(path.join(folder, 'out'), { recursive: true, withFileTypes: true }).filter((entry) =>
          entry.isFile()
        )
        assert.deepEqual(
          files.map((entry) => path.relative(path.join(folder, 'out'), path.join(entry.parentPath, entry.name))).sort(),
          [
            'include/tensorflow/c/c_api.h',
            'include/xla/tsl/c/tsl_status.h',
            'lib/libtensorflow_cc.so.2',
            'lib/libtensorflow_framework.so.2',
            'nvidia/cublas/lib/libcublas.so.12'
          ]
        )
      } finally {
        rmSync(folder, { recursive: true })
      }
    }
  )
})
