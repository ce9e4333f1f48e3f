import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { MatcherError, meanOfNumbers, type Metrics } from '@sohu-match/core'
import { userPath, type GivenColumns } from '@sohu-match/node'
import type { Command } from 'commander'
import { applyOverrides, parseTrainSettings, presets, settingsName } from '../config'
import { writeDemoCorpus } from '../data/demo-corpus'
import { columnsOption, DATA_HELP } from './data'
import { weightsFolder } from './init'
import { stopAfterStep } from './stop'
import { besideBaseline } from '../evaluate/beside-baseline'
import { createProgress } from '../report/bar'
import { comparisonJson, comparisonText, nextSteps } from '../report/comparison'
import { selectionScore } from '../evaluate/selection'
import { ratio } from '../report/format'
import { jsonLine } from '../report/table'
import { planText, resolvePlan } from './planned-run'
import { PRESET_USES } from '../presets'
import { consoleHooks, jsonHooks } from './report-run'
import { readRun } from '../run/run-folder'
import type { RunSource } from '../run/source'
import type { RunHooks, RunResult } from '../run/execution'
import { resumeRun } from '../run/resume'
import { startRun } from '../run/start'

interface SohuOptions {
  readonly data?: string
  readonly columns: GivenColumns
  readonly out: string
  readonly preset?: string
  readonly init?: string
  readonly allowMissing?: string[]
  readonly teacher?: string
  readonly set: string[]
  readonly resume: boolean
  readonly json: boolean
}

const PRESET_HELP = [
  'fixed settings instead of those chosen from the data:',
  ...presets.names().map((name) => `${name} (${PRESET_USES[name] ?? 'see presets'})`),
  '(default without --data: smoke)'
].join('\n')

export function addSohu(program: Command): void {
  program
    .command('sohu')
    .description(
      'train on labeled pairs, or on the embedded demo corpus; without --preset, start, length, epochs and batches are chosen from the data and reported'
    )
    .option('--data <path>', `${DATA_HELP} (default: the embedded demo corpus)`)
    .addOption(columnsOption())
    .option('--out <dir>', 'folder of the run', 'runs/demo')
    .option('--preset <name>', PRESET_HELP)
    .option(
      '--init <dir>',
      'checkpoint or public RoFormer or BERT (TensorFlow, safetensors, PyTorch, ONNX) whose weights, vocabulary and sizes the run starts from, or the name of one, for example bge-small-zh-v1.5'
    )
    .option(
      '--allow-missing <name...>',
      'tensors of --init that may be missing or unknown; a trailing * matches any ending'
    )
    .option(
      '--teacher <dir>',
      'checkpoint, exported model folder, or public weights by folder or name, that the run learns from (distill_weight, distill_epochs)'
    )
    .option('--set <key=value...>', 'override keys of the preset, for example --set epochs=3 model.hidden_size=128', [])
    .option('--resume', 'resume the run in --out as if it had not been interrupted', false)
    .option('--json', 'print JSON lines instead of a bar and tables', false)
    .action(async (options: SohuOptions) => {
      const stop = stopAfterStep('last/')
      const hooks: RunHooks = { ...(options.json ? jsonHooks() : consoleHooks()), stopping: () => stop.signal.aborted }
      const result = await trainOrResume(options, hooks)
      stop.dispose()
      const source = await readRun(userPath(options.out))
      conclude(options, result, source.planned !== undefined)
      if (source.planned && result.finished && result.best) await showBesideBaseline(options, source)
      if (!result.finished) process.exitCode = stop.exitCode()
    })
}

async function trainOrResume(options: SohuOptions, hooks: RunHooks): Promise<RunResult> {
  const out = userPath(options.out)
  if (options.resume) {
    const { data, columns, preset, init, allowMissing, teacher } = options
    const given = {
      data,
      columns: Object.keys(columns).length > 0 ? columns : undefined,
      preset,
      init,
      'allow-missing': allowMissing,
      teacher,
      set: options.set.length > 0 ? options.set : undefined
    }
    const other = Object.entries(given).find(([, value]) => value !== undefined)?.[0]
    if (other)
      throw new MatcherError(
        'config-invalid',
        `--resume keeps the run's own settings; leave out --${other}, or start another run.`
      )
    return resumeRun(out, hooks)
  }
  if (options.preset === undefined && options.data !== undefined) return startPlanned(options, out, hooks)
  const preset = options.preset ?? 'smoke'
  const json = applyOverrides(await presets.read(preset), options.set)
  const settings = parseTrainSettings(json, settingsName(preset, options.set))
  if (FINE_TUNING.includes(preset) && options.init === undefined) console.error(withoutInit(preset))
  return startRun({ ...(await sourceOf(options)), out, settings }, hooks)
}

/** Starts a run whose settings are chosen from its data; `--set` overrides them. */
async function startPlanned(options: SohuOptions, out: string, hooks: RunHooks): Promise<RunResult> {
  const { init: given, ...rest } = options
  const source = await sourceOf(rest)
  const resolved = await resolvePlan(source, given)
  const { plan, init } = resolved
  const json = applyOverrides(await presets.read(plan.preset), [...plan.set, ...options.set])
  const settings = parseTrainSettings(json, 'the settings chosen from the data')
  if (options.json) process.stdout.write(jsonLine('plan', { ...plan, init: resolved.initName }))
  else console.log(planText(resolved))
  return startRun({ ...source, ...(init !== undefined && { init }), planned: [...plan.reasons], out, settings }, hooks)
}

/** Prints the metrics of a planned run next to the lexical baseline's, and what to do next. */
async function showBesideBaseline({ out, json }: SohuOptions, { data, columns }: RunSource): Promise<void> {
  const progress = createProgress(process.stderr)
  const comparing = besideBaseline(join(userPath(out), 'best'), { data, columns }, (done, total) =>
    progress.phase('evaluate', done, total)
  )
  // The run is complete. If the baseline cannot be fitted to its data (unlabeled pairs of a run with a teacher), that
  // is not a failure.
  const compared = await comparing.catch((error: unknown) => {
    if (error instanceof MatcherError && error.code === 'data-invalid') return error
    throw error
  })
  progress.close()
  if (compared instanceof MatcherError) {
    process.stderr.write(`Not compared with the lexical baseline: ${compared.message}\n`)
    return
  }
  if (json) process.stdout.write(jsonLine('comparison', comparisonJson(compared)))
  else
    console.log(
      `${comparisonText(compared, process.stdout.isTTY)}\n${nextSteps({ out, data, columns, match: matchCommand() }, compared)}`
    )
}

/** How a person runs `sohu-match` where they are: built from its sources in a clone, else from the registry. */
function matchCommand(): string {
  return existsSync(userPath('packages/cli/src'))
    ? 'npx nx run cli:build && node packages/cli/dist/cli.js'
    : 'npx @sohu-match/cli'
}

/** Presets whose few epochs at a small learning rate suit weights that know Chinese already. */
const FINE_TUNING: readonly string[] = ['sohu-base']

function withoutInit(preset: string): string {
  return (
    `Warning: ${preset} fine-tunes public weights (docs/pretrained-weights.md), but there is no --init: all weights start at random, ` +
    'and its learning rate and epochs are too few to learn from that. Add --init DIR, or train from scratch with sohu-small.'
  )
}

async function sourceOf({ data, columns, init, allowMissing, teacher }: SohuOptions): Promise<RunSource> {
  return {
    data: data === undefined ? await demoData() : userPath(data),
    ...(Object.keys(columns).length > 0 && { columns }),
    ...(init !== undefined && { init: await weightsFolder(init) }),
    ...(allowMissing && { allowMissing }),
    ...(teacher !== undefined && { teacher: await weightsFolder(teacher) })
  }
}

/** Written where runs keep what can be regenerated. */
async function demoData(): Promise<string> {
  const folder = join(userPath('runs'), '.cache', 'demo-corpus')
  await writeDemoCorpus(folder)
  return folder
}

function conclude({ out, json }: SohuOptions, result: RunResult, planned: boolean): void {
  const { mined: _, ...state } = result.state
  const { finished } = result
  if (json) {
    const resume = finished ? {} : { resume: resumeCommand(out) }
    console.log(
      JSON.stringify({ type: finished ? 'finished' : 'interrupted', ended: result.ended, ...state, out, ...resume })
    )
  } else console.log(conclusion(out, result, planned))
}

function resumeCommand(out: string): string {
  return `npx sohu-train sohu --out ${out} --resume`
}

/** Why a run ended, where its weights are, and what to do next; a planned run prints that after its comparison. */
export function conclusion(out: string, { ended, state, best }: RunResult, planned = false): string {
  if (ended === 'stopped') return `Stopped after step ${state.step}. Resume with: ${resumeCommand(out)}`
  const why =
    ended === 'epochs'
      ? `Done: all ${state.epoch} epochs are trained.`
      : `Done after epoch ${state.epoch}: ${state.stale} epochs in a row were no better than the best (patience).`
  if (!best) {
    return (
      `${why} No epoch could be scored, since no task has valid pairs of both labels; so there is no best/. ` +
      `The last weights are in ${join(out, 'last')}. Add labelled valid pairs and train again.`
    )
  }
  const checkpoint = join(out, 'best')
  return [
    `${why} The best weights, of epoch ${best.epoch} (${bestFigures(best)}), are in ${checkpoint}; ${join(out, 'report.html')} shows the run.`,
    ...(planned ? [] : evaluateAndExport(checkpoint))
  ].join('\n')
}

function evaluateAndExport(checkpoint: string): string[] {
  return [
    `Evaluate them: npx sohu-train evaluate --checkpoint ${checkpoint} --data DIR --split test`,
    `Export them:   npx sohu-train export --checkpoint ${checkpoint} --data DIR --out models/NAME`
  ]
}

function bestFigures(best: Metrics): string {
  if (best.answers) return `mean of the tasks' own scores ${ratio(selectionScore(best))}`
  return `mean F1 ${ratio(best.mean)} at the thresholds, mean AUC ${ratio(meanAuc(best))}`
}

function meanAuc({ tasks }: Metrics): number {
  return meanOfNumbers(Object.values(tasks).map(({ auc }) => auc))
}
