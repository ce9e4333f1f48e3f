import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { describe, it } from 'node:test'
import { findBrowser } from './browser.mjs'
import { findFirefox, findWebKit } from './engines.mjs'
import { requireNode } from '../../packages/trainer/setup/steps.mjs'
import { hashOf, obstacle, reasonToCompile, toolchainOf } from '../../packages/trainer/setup/kernels.mjs'
import { firstDifference, npmError } from './packages.mjs'
import { run, which } from '../../packages/trainer/setup/run.mjs'
import { SetupError } from '../../packages/trainer/setup/say.mjs'
import { findJava, javaVersion } from './spark.mjs'
import { difference, target } from '../../packages/trainer/setup/tensorflow.mjs'
import { errorOf, weights } from '../../packages/trainer/setup/weights.mjs'

describe('Node', () => {
  it('is refused below 20.19 and accepted from there on', () => {
    for (const version of ['18.20.0', '20.18.3']) assert.throws(() => requireNode(version), SetupError)
    for (const version of ['20.19.0', '20.20.2', '22.1.0', '24.21.0']) requireNode(version)
  })
})

describe('packages', () => {
  const lock = {
    '': {},
    'packages/core': { version: '1.0.0' },
    'node_modules/a': { version: '1.0.0', integrity: 'sha512-a' },
    'node_modules/core': { resolved: 'packages/core', link: true }
  }

  it("are installed if npm's record equals the lock file", () => {
    assert.equal(firstDifference(lock, { ...lock }), undefined)
  })

  it('are not if one is absent, older, replaced or linked elsewhere', () => {
    assert.equal(firstDifference(lock, { 'node_modules/core': lock['node_modules/core'] }), 'node_modules/a')
    assert.equal(
      firstDifference(lock, { ...lock, 'node_modules/a': { version: '0.9.0', integrity: 'sha512-a' } }),
      'node_modules/a'
    )
    assert.equal(
      firstDifference(lock, { ...lock, 'node_modules/a': { version: '1.0.0', integrity: 'sha512-b' } }),
      'node_modules/a'
    )
    assert.equal(
      firstDifference(lock, { ...lock, 'node_modules/core': { resolved: 'packages/old', link: true } }),
      'node_modules/core'
    )
  })

  it('may lack optional ones, many of which are for other systems', () => {
    assert.equal(firstDifference({ ...lock, 'node_modules/b': { version: '1.0.0', optional: true } }, lock), undefined)
  })

  it("report npm's error without its usage text", () => {
    assert.equal(
      npmError(
        'npm warn x\nnpm error code EUSAGE\nnpm error\nnpm error Missing: a@1\nnpm error Clean install a project\nnpm error Usage:'
      ),
      'code EUSAGE\nMissing: a@1'
    )
  })
})

describe('TensorFlow', () => {
  const facts = {
    platform: 'linux',
    arch: 'x64',
    glibc: '2.36',
    driver: false,
    setting: undefined,
    packageVersion: '4.22.0'
  }

  it('is the GPU build if there is an NVIDIA driver, unless a setting says otherwise', () => {
    assert.equal(target(facts).flavor, 'cpu')
    assert.equal(target({ ...facts, driver: true }).flavor, 'gpu')
    assert.equal(target({ ...facts, driver: true, setting: 'cpu' }).flavor, 'cpu')
  })

  it('is refused on musl, and so is an unknown setting', () => {
    assert.throws(() => target({ ...facts, glibc: undefined }), /glibc/)
    assert.throws(() => target({ ...facts, setting: 'tpu' }), /cpu or gpu/)
  })

  it('is rebuilt when a version or the flavor changes, not when Node does', () => {
    const note = { target: target(facts) }
    assert.equal(difference(note, target(facts)), undefined)
    assert.match(difference(note, target({ ...facts, driver: true })), /flavor was cpu, now gpu/)
    assert.match(difference(note, target({ ...facts, packageVersion: '4.23.0' })), /package was 4.22.0/)
    assert.match(difference(undefined, target(facts)), /not built/)
  })
})

describe('kernels', () => {
  it('are compiled again when a source changes, and not for any other file', () => {
    const folder = mkdtempSync(path.join(os.tmpdir(), 'kernels-'))
    try {
      writeFileSync(path.join(folder, 'a.cc'), 'int a;')
      const before = hashOf(folder)
      writeFileSync(path.join(folder, 'notes.md'), 'text')
      assert.equal(hashOf(folder), before)
      mkdirSync(path.join(folder, 'include'))
      writeFileSync(path.join(folder, 'include', 'b.h'), 'int b;')
      assert.notEqual(hashOf(folder), before)
    } finally {
      rmSync(folder, { recursive: true })
    }
  })

  it('are left out, with the reason, without a compiler or the headers of the wheel', () => {
    const folder = mkdtempSync(path.join(os.tmpdir(), 'kernels-'))
    try {
      assert.match(obstacle({ folder, compiler: '/usr/bin/g++' }), /headers/)
      mkdirSync(path.join(folder, 'deps', 'lib'), { recursive: true })
      writeFileSync(path.join(folder, 'deps', 'lib', 'libtensorflow_cc.so.2'), '')
      assert.match(obstacle({ folder, compiler: undefined }), /no C\+\+ compiler/)
      assert.equal(obstacle({ folder, compiler: '/usr/bin/g++' }), undefined)
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})

describe('the note about the kernels', () => {
  const here = { sources: 'a', refused: undefined, toolchain: 'g++ 12', present: true }

  it('leaves them alone where they are compiled', () => {
    assert.equal(reasonToCompile({ sources: 'a', summary: '' }, here), undefined)
    assert.match(reasonToCompile({ sources: 'a', summary: '' }, { ...here, present: false }), /is gone/)
    assert.match(reasonToCompile({ sources: 'b', summary: '' }, here), /sources .* have changed/)
    assert.match(reasonToCompile(undefined, here), /not compiled/)
  })

  it('prevents a second failure with the same compiler and sources, and only with those', () => {
    const note = { sources: 'a', failed: { toolchain: 'g++ 12', message: 'error' }, summary: '' }
    const without = { ...here, present: false }
    assert.equal(reasonToCompile(note, without), undefined)
    assert.match(reasonToCompile(note, { ...without, toolchain: 'g++ 13' }), /compiler has changed/)
    assert.match(reasonToCompile(note, { ...without, sources: 'b' }), /sources .* have changed/)
  })

  it('keeps an obstacle until it is gone', () => {
    const note = { sources: 'a', refused: 'no compiler', summary: '' }
    assert.equal(reasonToCompile(note, { ...here, present: false, refused: 'no compiler' }), undefined)
    assert.match(reasonToCompile(note, here), /can be compiled now/)
  })

  it('identifies a compiler by its file', () => {
    const folder = mkdtempSync(path.join(os.tmpdir(), 'kernels-'))
    try {
      const compiler = path.join(folder, 'g++')
      writeFileSync(compiler, 'one')
      const before = toolchainOf(compiler)
      assert.equal(toolchainOf(compiler), before)
      writeFileSync(compiler, 'another')
      assert.notEqual(toolchainOf(compiler), before)
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})

describe('commands', () => {
  it('are found on a search path, or not at all', () => {
    assert.equal(which(['no-such-command', 'node']) !== undefined, true)
    assert.equal(which(['node'], '/nonexistent'), undefined)
    assert.equal(which(['/nonexistent/c++', process.execPath, 'node'], ''), process.execPath)
  })

  it('that fail show the end of their output', async () => {
    await assert.rejects(
      run(process.execPath, ['-e', 'console.error("last words"); process.exit(3)']),
      (error) => error instanceof SetupError && /code 3[^]*last words/.test(error.message)
    )
  })

  it('that cannot start say so', async () => {
    await assert.rejects(run('/nonexistent/command', []), /could not be started/)
  })
})

describe('browser', () => {
  it('of CHROME_PATH must be a Chromium', async () => {
    await assert.rejects(findBrowser({ CHROME_PATH: process.execPath }), /CHROME_PATH/)
  })

  it('of FIREFOX_PATH must be a Firefox, and is missing without a path', async () => {
    await assert.rejects(findFirefox({ FIREFOX_PATH: process.execPath }), /FIREFOX_PATH is .*not a Firefox/)
    assert.equal(await findFirefox({ PATH: '/nonexistent' }), undefined)
  })

  it('of WebKit is missing without its driver', async () => {
    assert.equal(await findWebKit({ PATH: '/nonexistent' }), undefined)
  })
})

describe('Java', () => {
  it('is known by the first line that it prints', () => {
    assert.equal(javaVersion('openjdk 17.0.15 2025-04-15\nOpenJDK Runtime Environment'), 17)
    assert.equal(javaVersion('java 21 2023-09-19 LTS'), 21)
    assert.equal(javaVersion('Unrecognized option: --version'), undefined)
  })

  it('of JAVA_HOME must be one, and is missing without a path', async () => {
    await assert.rejects(findJava({ JAVA_HOME: '/nonexistent' }), /JAVA_HOME is \/nonexistent/)
    assert.equal(await findJava({ PATH: '/nonexistent' }), undefined)
  })
})

describe('weights', () => {
  it('are complete once their origin is written, the last of their files', () => {
    const cache = mkdtempSync(path.join(os.tmpdir(), 'setup-'))
    const before = process.env.SOHU_MATCH_CACHE
    process.env.SOHU_MATCH_CACHE = cache
    try {
      const step = weights('some')
      mkdirSync(path.join(cache, 'weights', 'some'), { recursive: true })
      writeFileSync(path.join(cache, 'weights', 'some', 'model.onnx'), '')
      assert.match(step.missing(), /some is not in/)
      writeFileSync(path.join(cache, 'weights', 'some', 'origin.json'), '{}')
      assert.equal(step.missing(), undefined)
    } finally {
      if (before === undefined) delete process.env.SOHU_MATCH_CACHE
      else process.env.SOHU_MATCH_CACHE = before
      rmSync(cache, { recursive: true })
    }
  })

  it("report the command's own error, or the end of its output", () => {
    assert.equal(errorOf('Fetching\nsohu-train: no way. [network]\n'), 'sohu-train: no way. [network]')
    assert.equal(errorOf('a\nb\n'), 'a\nb')
  })
})
