import { existsSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { cacheFolder, firstMissing, makeFolder, readNote, writeNote } from '../../packages/trainer/setup/places.mjs'
import { isExecutable, run, which } from '../../packages/trainer/setup/run.mjs'
import { SetupError, timed } from '../../packages/trainer/setup/say.mjs'
import { findPython } from '../../packages/trainer/setup/wheels.mjs'

const REQUIREMENTS = fileURLToPath(new URL('requirements-spark.txt', import.meta.url))

/** PySpark's version in requirements-spark.txt; its Spark runs on Java 17 and 21. */
const VERSION = '4.0.4'
const OLDEST_JAVA = 17
const JAVA_PACKAGES = ['openjdk-17-jre-headless', 'openjdk-21-jre-headless'] // Debian 12 has the first, Debian 13 the second

/** Java and PySpark for the test of examples/spark; their paths go to node_modules/.sohu-match/spark.json. */
export const spark = {
  name: 'Spark',

  missing() {
    const note = readNote('spark')
    if (note?.version !== VERSION) return `PySpark ${VERSION} is not installed`
    const lost = [note.java, note.python].find((file) => !isExecutable(file)) ?? firstMissing([note.packages])
    return lost && `${lost} is gone`
  },

  ready: () => `PySpark ${VERSION} with ${readNote('spark').java}`,

  async work() {
    const java = (await findJava()) ?? (await installJava())
    const python = await findPython()
    if (!python)
      throw new SetupError(
        'No python3 with pip was found for PySpark: install them (Debian, Ubuntu: apt-get install python3 python3-pip).'
      )
    const packages = path.join(cacheFolder(), `pyspark-${VERSION}`)
    if (!existsSync(packages)) {
      await timed('Spark', `downloading PySpark ${VERSION} (434 MB) into ${cacheFolder()}`, () =>
        makeFolder(packages, (folder) => download(python, folder))
      )
    }
    writeNote('spark', { version: VERSION, java, python, packages })
  }
}

/** The major version in the first line of `java --version`; undefined if there is none. */
export function javaVersion(text) {
  const major = /^\S+ (\d+)/.exec(text)?.[1]
  return major && Number(major)
}

/** The Java of JAVA_HOME, otherwise of PATH, if it is new enough; undefined if there is none. Throws SetupError if JAVA_HOME has an older one. */
export async function findJava(env = process.env) {
  const file = env.JAVA_HOME ? path.join(env.JAVA_HOME, 'bin', 'java') : which(['java'], env.PATH)
  const version = file && (await run(file, ['--version']).then(javaVersion, () => undefined)) // Java 8 knows no --version
  if (version >= OLDEST_JAVA) return file
  if (env.JAVA_HOME)
    throw new SetupError(
      `JAVA_HOME is ${env.JAVA_HOME}, which is not Java ${OLDEST_JAVA} or newer: set it to one that is, or unset it.`
    )
  return undefined
}

async function installJava() {
  if (process.getuid?.() === 0 && which(['apt-get'])) {
    const env = { DEBIAN_FRONTEND: 'noninteractive' }
    await timed('Spark', 'installing Java (apt-get)', async () => {
      await run('apt-get', ['update'], { env })
      const known = await run('apt-cache', ['pkgnames', 'openjdk-'])
      const name = JAVA_PACKAGES.find((name) => known.split('\n').includes(name))
      if (name) await run('apt-get', ['install', '-y', '--no-install-recommends', name], { env })
      return name ?? 'this system has none'
    })
  }
  const java = await findJava()
  if (!java)
    throw new SetupError(
      `No Java ${OLDEST_JAVA} or newer was found for Spark: install one (Debian: apt-get install ${JAVA_PACKAGES[0]}) or name its folder in JAVA_HOME.`
    )
  return java
}

/** A folder of packages instead of a virtual environment: both are pure Python, and Debian's python3 comes without venv. */
async function download(python, folder) {
  const args = [
    'install',
    '--disable-pip-version-check',
    '--no-deps',
    '--no-compile',
    '--no-cache-dir',
    '--require-hashes',
    '--requirement',
    REQUIREMENTS,
    '--target',
    folder
  ]
  await run(python, ['-m', 'pip', ...args], { show: process.stdout.isTTY }).catch((cause) => {
    throw new SetupError(
      `${cause.message}\nPySpark could not be downloaded: see to the network or pip's settings, then run \`npm run setup -- --spark\` again.`,
      { cause }
    )
  })
}
