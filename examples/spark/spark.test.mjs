// Runs score.py in Apache Spark, undisturbed and with parts of it killed: both must produce the output of one `sohu-match score` process.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync
} from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import path from 'node:path'
import { after, before, it } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { setup } from '../../scripts/setup/index.mjs'
import { readNote } from '../../packages/trainer/setup/places.mjs'
import { ancestorOf, processesWith, writtenBy } from './processes.mjs'

const PAIRS = 4_000
const PARTITIONS = 4
const MID_TASK = 20_000 // bytes: over one chunk of 128 lines, far from the 1,000 lines of a partition
const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const SCORE = fileURLToPath(new URL('score.py', import.meta.url))

const folder = mkdtempSync(path.join(tmpdir(), 'spark-'))
const [bin, model, pairs, home] = ['bin', 'model', 'pairs.jsonl', 'home'].map((name) => path.join(folder, name))
let expected
let environment

before(async () => {
  if (process.platform !== 'linux')
    throw new Error('This test kills processes that it finds in /proc: run it on Linux.')
  await setup({ withSpark: true, quiet: true })
  const { java, python, packages } = readNote('spark')
  mkdirSync(bin)
  symlinkSync(path.join(ROOT, 'packages/cli/dist/cli.js'), path.join(bin, 'sohu-match'))
  symlinkSync(path.join(ROOT, 'packages/model-demo/model'), model) // a path that no other process names
  mkdirSync(home) // Spark's workers write into its home
  const spark = path.join(packages, 'pyspark')
  for (const name of readdirSync(spark)) symlinkSync(path.join(spark, name), path.join(home, name))
  environment = {
    PATH: [bin, path.dirname(process.execPath), process.env.PATH].join(path.delimiter),
    JAVA_HOME: path.dirname(path.dirname(realpathSync(java))),
    SPARK_HOME: home,
    SPARK_LOCAL_IP: '127.0.0.1',
    SPARK_LOCAL_DIRS: folder,
    PYSPARK_PYTHON: python,
    PYTHONPATH: packages,
    PYTHONDONTWRITEBYTECODE: '1',
    LC_ALL: 'C.UTF-8'
  }
  writeFileSync(pairs, Array.from({ length: PAIRS }, (_, id) => `${JSON.stringify(pair(id))}\n`).join(''))
  expected = await scoreInOneProcess()
})

after(() => rmSync(folder, { recursive: true }))

it('writes the lines of a single process, in the order of the ids', async () => {
  const { stdout } = await submit('local[2,4]', 'plain').ended
  assert.equal(outputOf('plain'), expected)
  console.log(`Spark, local[2]: ${stdout.trim()}`)
})

it('loses and duplicates nothing when a process and then an executor are killed in mid-task', async () => {
  const job = submit('local-cluster[2,1,1024]', 'killed')
  await kill(job, (id) => id, /Lost task .*[^]*exited with error code -9/)
  await kill(job, (id) => ancestorOf(id, 'CoarseGrainedExecutorBackend'), /Lost executor/)
  await job.ended
  assert.equal(outputOf('killed'), expected)
  assert.deepEqual(processesWith(model), [], 'no process is left')
})

function submit(master, name) {
  const flags = [
    '--input',
    pairs,
    '--output',
    path.join(folder, name),
    '--model',
    model,
    '--partitions',
    String(PARTITIONS)
  ]
  return start(path.join(home, 'bin', 'spark-submit'), [
    '--master',
    master,
    '--conf',
    'spark.ui.enabled=false',
    SCORE,
    ...flags
  ])
}

async function scoreInOneProcess() {
  const started = performance.now()
  const flags = ['score', '--quiet', '--batch-tokens', '1', '--model', model]
  const { stdout } = await start(path.join(bin, 'sohu-match'), flags, pairs).ended
  const seconds = (performance.now() - started) / 1000
  console.log(
    `One process: ${PAIRS} lines in ${seconds.toFixed(1)} s, ${(PAIRS / seconds).toFixed(1)} lines/s, ${availableParallelism()} threads`
  )
  return stdout
}

/** A running program; `ended` rejects with the end of its log if it fails. */
function start(command, args, input = '/dev/null') {
  const file = openSync(input)
  const child = spawn(command, args, { cwd: folder, env: environment, stdio: [file, 'pipe', 'pipe'] })
  closeSync(file)
  let [stdout, log] = ['', '']
  child.stdout.setEncoding('utf8').on('data', (text) => {
    stdout += text
  })
  child.stderr.setEncoding('utf8').on('data', (text) => {
    log += text
  })
  const ended = new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code) =>
      code === 0
        ? resolve({ stdout, log })
        : reject(new Error(`${path.basename(command)} ended with code ${code}.\n${log.slice(-4_000)}`))
    )
  })
  return { ended, log: () => log }
}

/** Kills the process that `choose` picks for one in mid-task, and waits until Spark has noticed. */
async function kill(job, choose, seen) {
  const victim = await whileRunning(job, () => processesWith(model).find((id) => writtenBy(id) > MID_TASK))
  process.kill(choose(victim), 'SIGKILL')
  await whileRunning(job, () => seen.test(job.log()))
}

/** The first defined result of `look`. Throws if the job ends before. */
async function whileRunning({ ended }, look) {
  let over = false
  ended.then(
    () => {
      over = true
    },
    () => {
      over = true
    }
  )
  for (let found = look(); ; found = look()) {
    if (found) return found
    if (over) break
    await setTimeout(20)
  }
  await ended
  throw new Error('Spark ended without what the test waited for.')
}

const outputOf = (name) =>
  readdirSync(path.join(folder, name))
    .filter((file) => file.startsWith('part-'))
    .sort()
    .map((file) => readFileSync(path.join(folder, name, file), 'utf8'))
    .join('')

/** A pair of generated texts, some similar and some not, for each task in turn. */
function pair(id) {
  const subjects = ['启辰动物园', '诺焱动物园', '衡鑫科技', '岚洲镇应急局', '霁渚县中学']
  const acts = ['为老虎安新家', '抓回逃跑的猴子', '开放新系统内测', '抽干低洼处的积水', '扩建老虎兽舍']
  const ends = [
    '',
    '，记者今天从现场了解到更多情况',
    '，预计明年完工🐯',
    '。市民纷纷前来围观，工作人员正在登记来访者的信息'
  ]
  const text = (n) => `${subjects[n % 5]}${acts[(n >> 1) % 5]}${ends[(n >> 3) % 4]}${n % 7 === 0 ? n : ''}`
  return { id, a: text(id * 13), b: text(id * 29 + 3), task: ['A-ss', 'B-ss', 'A-sl', 'B-sl', 'A-ll', 'B-ll'][id % 6] }
}
