import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { chart } from './few-shot/chart.mjs'
import { readPairs, writeDataFolder } from './few-shot/data.mjs'
import { STARTS, evaluated, settingsDigest, trained, zeroShot } from './few-shot/cells.mjs'
import { userPath } from './few-shot/command.mjs'

const HELP = `Usage: few-shot --data NAME=PATH [--data …] [options]
  --data     labelled pairs and their name in tables and charts; may be repeated. PATH is a folder with train, valid and test files
             (.txt or .jsonl: source, target, and label, labelA or labelB; .tsv: text, text, 0 or 1), or one such .tsv file, which is split
  --pairs    numbers of training pairs, comma-separated (default: 100,300,1000,2000)
  --starts   which starts: ${Object.keys(STARTS).join(', ')}, comma-separated (default: all)
  --seeds    seeds of the draw and of the training, comma-separated (default: 1)
  --task     task of model-zh whose condition and scale the training begins with (default: B-ss)
  --valid    valid pairs, which choose thresholds and the best epoch, at most (default: 500)
  --test     test pairs, at most (default: all)
  --model    runs folder of model-zh, whose mixed/ and pairs/ are used (default: runs/model-zh-1)
  --out      folder of the results: results.json, few-shot.svg and a file for each finished cell (default: runs/few-shot)`

// F1 and AUC by the number of a user's own labelled pairs: model-zh against its public start, training from scratch and the lexical baseline.
// A finished cell is kept in --out, so the same command resumes after an interruption.
const { values } = parseArgs({
  options: {
    data: { type: 'string', multiple: true, default: [] },
    pairs: { type: 'string', default: '100,300,1000,2000' },
    starts: { type: 'string', default: Object.keys(STARTS).join() },
    seeds: { type: 'string', default: '1' },
    task: { type: 'string', default: 'B-ss' },
    valid: { type: 'string', default: '500' },
    test: { type: 'string', default: 'Infinity' },
    model: { type: 'string', default: 'runs/model-zh-1' },
    out: { type: 'string', default: 'runs/few-shot' },
    help: { type: 'boolean', default: false }
  }
})
if (values.help || values.data.length === 0) {
  console.log(HELP)
  process.exit(values.help ? 0 : 1)
}
const out = userPath(values.out)
const settings = { task: values.task, model: userPath(values.model) }
const cells = plan()
mkdirSync(`${out}/cells`, { recursive: true })

let minutes = 0
let ran = 0
for (const [i, cell] of cells.entries()) {
  const file = resultOf(cell)
  const before = performance.now()
  if (!existsSync(file)) {
    writeWhole(file, JSON.stringify(run(cell), null, 2))
    minutes += (performance.now() - before) / 60_000
    ran++
  }
  const { f1, auc } = JSON.parse(readFileSync(file, 'utf8'))
  const left = cells.length - i - 1
  const time = ran > 0 ? `; ${(minutes / ran).toFixed(1)} min a cell, ${left} left` : ''
  console.log(`${i + 1}/${cells.length} ${name(cell)}: F1 ${shown(f1)}, AUC ${shown(auc)}${time}`)
  report(cells.slice(0, i + 1))
}
console.log(`${values.out}/results.json and ${values.out}/few-shot.svg are written.`)

/** All cells: for each data set the zero-shot ones, then sizes, starts and seeds. */
function plan() {
  const list = (text) => text.split(',')
  const starts = list(values.starts)
  const unknown = starts.find((start) => !(start in STARTS))
  if (unknown) throw new Error(`There is no start "${unknown}"; the starts are ${Object.keys(STARTS).join(', ')}.`)
  return values.data.flatMap((text) => {
    const at = text.indexOf('=')
    if (at < 1) throw new Error(`--data ${text} is not NAME=PATH.`)
    const [data, path] = [text.slice(0, at), userPath(text.slice(at + 1))]
    const zero = starts
      .filter((start) => start !== 'scratch')
      .map((start) => ({ data, path, start, pairs: 0, seed: 0 }))
    const seeds = list(values.seeds).map(Number)
    const tuned = list(values.pairs).flatMap((pairs) =>
      starts.flatMap((start) => seeds.map((seed) => ({ data, path, start, pairs: Number(pairs), seed })))
    )
    return [...zero, ...tuned]
  })
}

/** Metrics of one cell on the test pairs. Its files are removed at the end; an interrupted training is resumed. */
function run(cell) {
  const folder = `${out}/running/${keyOf(cell)}`
  const data = `${folder}/data`
  if (!existsSync(`${data}/dataset.json`)) {
    const limits = { train: cell.pairs, valid: Number(values.valid), test: Number(values.test) }
    writeDataFolder(data, settings.task, readPairs(cell.path), { ...limits, seed: cell.seed })
  }
  const figures =
    cell.pairs === 0
      ? zeroShot(cell.start, data, settings)
      : evaluated(cell.start, trained({ ...cell, folder, data }, settings), data, settings)
  rmSync(folder, { recursive: true })
  return { ...cell, path: undefined, task: settings.task, ...figures }
}

/** The results so far, as JSON and as a chart. */
function report(finished) {
  const results = finished.map((cell) => JSON.parse(readFileSync(resultOf(cell), 'utf8')))
  writeWhole(`${out}/results.json`, `${JSON.stringify(results, null, 2)}\n`)
  if (results.some(({ pairs }) => pairs > 0)) writeWhole(`${out}/few-shot.svg`, chart(results))
}

/** A finished cell is used again only for the same data, model, evaluation pairs and flags. */
function keyOf(cell) {
  const { data, start, pairs, seed } = cell
  const limits = { task: values.task, valid: values.valid, test: values.test }
  return `${[data, start, pairs, seed].join('-')}-${settingsDigest({ ...limits, ...cell, model: settings.model })}`
}

function resultOf(cell) {
  return `${out}/cells/${keyOf(cell)}.json`
}

function writeWhole(file, text) {
  writeFileSync(`${file}.tmp`, text)
  renameSync(`${file}.tmp`, file)
}

function name({ data, start, pairs, seed }) {
  return pairs === 0 ? `${data}, ${start}, no pairs` : `${data}, ${start}, ${pairs} pairs, seed ${seed}`
}

function shown(figure) {
  if (!figure) return '–'
  const { value, low, high } = figure
  return value.toFixed(3) + (low === undefined ? '' : ` [${low.toFixed(3)}-${high.toFixed(3)}]`)
}
