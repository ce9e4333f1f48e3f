import { join } from 'node:path'
import { MatcherError } from '@sohu-match/core'
import { userPath } from '@sohu-match/node'
import type { Command } from 'commander'
import { applyOverrides, parseTrainConfig, presets } from '../config'
import { writeDemoCorpus } from '../data/demo-corpus'
import { weightsFolder } from './init'
import { stopAfterStep } from './stop'
import { consoleHooks, jsonHooks } from './report-run'
import { resumeRun, startRun, type RunHooks, type RunResult } from '../run/run'

interface SohuOptions {
  readonly data?: string
  readonly out: string
  readonly preset?: string
  readonly init?: string
  readonly allowMissing?: string[]
  readonly set: string[]
  readonly resume: boolean
  readonly json: boolean
}

/** `sohu`: trains a run, or goes on with one. */
export function addSohu(program: Command): void {
  program
    .command('sohu')
    .description('train on a data folder, or on the embedded demo corpus')
    .option('--data <dir>', 'data folder: Sohu layout or dataset.json (default: the embedded demo corpus)')
    .option('--out <dir>', 'folder of the run', 'runs/demo')
    .option('--preset <name>', `${presets.names().join(', ')} (default: smoke)`)
    .option(
      '--init <dir>',
      'checkpoint or public RoFormer or BERT (TensorFlow, safetensors, PyTorch, ONNX) whose weights, vocabulary and sizes the run starts from, or the name of one, for example bge-small-zh-v1.5'
    )
    .option(
      '--allow-missing <name...>',
      'tensors of --init that may be missing or unknown; a trailing * stands for any ending'
    )
    .option('--set <key=value...>', 'override keys of the preset, for example --set epochs=3 model.hidden_size=128', [])
    .option('--resume', 'go on with the run in --out as if it had not been interrupted', false)
    .option('--json', 'print JSON lines instead of a bar and tables', false)
    .action(async (options: SohuOptions) => {
      const stop = stopAfterStep('last/')
      const hooks: RunHooks = { ...(options.json ? jsonHooks() : consoleHooks()), stopping: () => stop.signal.aborted }
      const result = await trainOrResume(options, hooks)
      stop.dispose()
      conclude(options, result)
      if (!result.finished) process.exitCode = stop.exitCode()
    })
}

async function trainOrResume(options: SohuOptions, hooks: RunHooks): Promise<RunResult> {
  const out = userPath(options.out)
  if (options.resume) {
    const { data, preset, init, allowMissing } = options
    const given = {
      data,
      preset,
      init,
      'allow-missing': allowMissing,
      set: options.set.length > 0 ? options.set : undefined
    }
    const other = Object.entries(given).find(([, value]) => value !== undefined)?.[0]
    if (other)
      throw new MatcherError(
        'config-invalid',
        `--resume goes on with the run's own settings; leave out --${other}, or start another run.`
      )
    return resumeRun(out, hooks)
  }
  const preset = options.preset ?? 'smoke'
  const config = parseTrainConfig(applyOverrides(await presets.read(preset), options.set), `preset ${preset}`)
  const data = options.data === undefined ? await demoData() : userPath(options.data)
  return startRun({ data, out, config, ...(await initOf(options)) }, hooks)
}

async function initOf({
  init,
  allowMissing
}: SohuOptions): Promise<{ init?: string; allowMissing?: readonly string[] }> {
  return { ...(init !== undefined && { init: await weightsFolder(init) }), ...(allowMissing && { allowMissing }) }
}

/** The embedded corpus, written where runs keep what can be made again. */
async function demoData(): Promise<string> {
  const folder = join(userPath('runs'), '.cache', 'demo-corpus')
  await writeDemoCorpus(folder)
  return folder
}

function conclude({ out, json }: SohuOptions, { finished, state }: RunResult): void {
  const resume = `nx run train:sohu -- --out ${out} --resume`
  if (json)
    console.log(
      JSON.stringify({ type: finished ? 'finished' : 'interrupted', ...state, out, ...(!finished && { resume }) })
    )
  else if (finished && state.best > 0)
    console.log(`Done. The best weights (mean F1 ${state.best.toFixed(4)}) are in ${join(out, 'best')}.`)
  else if (finished)
    console.log(
      'Done, but no epoch scored above 0 on the valid split, so there is no best/; the last weights are in last/.'
    )
  else console.log(`Stopped after step ${state.step}. Go on with: ${resume}`)
}
