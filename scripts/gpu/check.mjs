#!/usr/bin/env node
// npm run check:gpu: checks training and inference on this machine's GPU; writes one table and gpu-report.json. Needs no network.
import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { readNote } from '../../packages/trainer/setup/places.mjs'
import { ROOT } from '../setup/root.mjs'
import { browserChecks } from './browser.mjs'
import { runChild, runForValue } from './child.mjs'
import { machineFacts, versionsOf } from './machine.mjs'
import { onnxruntimeChecks } from './onnxruntime.mjs'
import { exitCode, summary, table } from './report.mjs'
import { runChecks, whereBuilt } from './run-checks.mjs'
import { tensorflowChecks } from './tensorflow.mjs'

const GROUPS = { onnxruntime: onnxruntimeChecks, tensorflow: tensorflowChecks, browser: browserChecks }
/** A build output that each group needs. */
const BUILT = {
  onnxruntime: 'packages/sdk-node/dist/index.js',
  tensorflow: 'packages/train/dist/gpu/check.js',
  browser: 'packages/sdk-web/dist/index.js'
}
const HELP = `npm run check:gpu [-- OPTIONS]    checks training and inference on this machine's GPU; needs no network
  --only LIST      of ${Object.keys(GROUPS).join(', ')}; comma-separated (default: all)
  --model FOLDER   model folder (default: the published model-zh if it is built, else model-demo)
  --out FILE       report (default: gpu-report.json)
  --seconds N      time for everything (default: 230)
  --rehearse       runs every check on this machine's CPU and software adapters, to try out the checks; nothing then counts as checked on a GPU
Exit code: 0 all passed, 1 something is wrong, 3 nothing is wrong, but parts are missing; the table says what to install.
Environment: CHROME_PATH (a Chromium to use), TORCH_PYTHON (a Python with PyTorch, default python3).`

const MODELS = ['packages/model-zh/model', 'packages/model-zh/model-short', 'packages/model-demo/model']
const PACKAGES = ['onnxruntime-node', 'onnxruntime-web', '@tensorflow/tfjs-node-gpu', '@playwright/test']

function options() {
  const { values } = parseArgs({
    options: {
      only: { type: 'string', default: Object.keys(GROUPS).join(',') },
      model: { type: 'string' },
      out: { type: 'string', default: 'gpu-report.json' },
      seconds: { type: 'string', default: '230' },
      rehearse: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false }
    }
  })
  if (values.help) return values
  const only = values.only.split(',').map((name) => name.trim())
  const unknown = only.find((name) => !(name in GROUPS))
  if (unknown !== undefined) throw new Error(`--only has "${unknown}"; it accepts ${Object.keys(GROUPS).join(', ')}.`)
  const seconds = Number(values.seconds)
  if (!(seconds > 0)) throw new Error(`--seconds is "${values.seconds}"; it must be a number above 0.`)
  return { ...values, only, seconds, model: modelFolder(values.model) }
}

/** The model folder to score with, absolute. */
function modelFolder(given) {
  const folders = given ? [path.resolve(given)] : MODELS.map((folder) => path.join(ROOT, folder))
  const found = folders.find((folder) => existsSync(path.join(folder, 'manifest.json')))
  if (found === undefined)
    throw new Error(`There is no manifest.json in ${folders.join(' or ')}; name a model folder with --model.`)
  return found
}

/** Precisions of a model folder. */
const dtypesOf = (model) => Object.keys(JSON.parse(readFileSync(path.join(model, 'manifest.json'), 'utf8')).graphs)

const packageFile = (name) =>
  ['', 'packages/train', 'packages/sdk-node', 'packages/sdk-web', 'e2e']
    .map((folder) => path.join(ROOT, folder, 'node_modules', name, 'package.json'))
    .find((file) => existsSync(file))

function writeReport(file, report) {
  writeFileSync(`${file}.tmp`, `${JSON.stringify(report, null, 2)}\n`)
  renameSync(`${file}.tmp`, file)
}

async function main() {
  const { only, model, seconds, rehearse, out, help } = options()
  if (help) return void console.log(HELP)
  const folder = mkdtempSync(path.join(os.tmpdir(), 'sohu-match-gpu-'))
  const versions = versionsOf(PACKAGES, packageFile)
  /** Options of a child process, limited to the time that its check has left. */
  const inTime = (more) => ({
    cwd: ROOT,
    ...more,
    seconds: Math.max(1, Math.min(more.seconds, context.deadline - performance.now() / 1000))
  })
  const context = {
    facts: machineFacts(),
    versions,
    model,
    folder,
    rehearse,
    pairs: rehearse ? 2 : Infinity, // software adapters are slow
    chromium: process.env.CHROME_PATH ?? readNote('browser')?.path,
    read: readFileSync,
    child: (command, args, more) => runChild(command, args, inTime(more)),
    value: (command, args, more) => runForValue(command, args, inTime(more))
  }
  const report = (rows) => ({
    date: new Date().toISOString(),
    rehearse,
    model,
    machine: context.facts,
    versions,
    exitCode: exitCode(rows),
    rows
  })
  try {
    const checks = only.flatMap((group) =>
      whereBuilt(
        existsSync(path.join(ROOT, BUILT[group])),
        BUILT[group],
        GROUPS[group]({ rehearse, dtypes: dtypesOf(model) })
      )
    )
    const rows = await runChecks(checks, context, {
      seconds,
      onRow(row, rows) {
        console.log(`${row.result.padEnd(8)}${row.check}, ${row.seconds} s`)
        writeReport(out, report(rows)) // after each row, so that an interrupted run leaves its results
      }
    })
    console.log(`\n${table(rows)}\n\n${summary(rows)}. The report is in ${out}.`)
    process.exitCode = exitCode(rows)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

await main().catch((error) => {
  console.error(`check:gpu: ${error.message}`)
  process.exitCode = 1
})
