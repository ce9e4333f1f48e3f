import { join } from 'node:path'
import { MatcherError } from '@sohu-match/core'
import { userPath } from '@sohu-match/files'
import { Command } from 'commander'
import { applyOverrides, parseTrainConfig, presetNames, readPreset } from './config'
import { writeDemoCorpus } from './data/demo-corpus'
import { resumeRun, startRun, type RunHooks } from './run'

const program = new Command('train').description('Train the six-task conditional-LayerNorm RoFormer.')

program.command('sohu')
  .description('train on a data folder, or on the embedded demo corpus')
  .option('--data <dir>', 'data folder: Sohu layout or dataset.json (default: the embedded demo corpus)')
  .option('--out <dir>', 'folder of the run', 'runs/demo')
  .option('--preset <name>', `one of ${presetNames().join(', ')}`, 'smoke')
  .option('--init <dir>', 'checkpoint whose weights the run starts from')
  .option('--set <key=value...>', 'override a key of the preset', [])
  .option('--resume', 'go on with the run in --out', false)
  .option('--json', 'print JSON lines', false)
  .action(async (options: { data?: string; out: string; preset: string; init?: string; set: string[]; resume: boolean; json: boolean }) => {
    const out = userPath(options.out)
    let stopping = false
    process.once('SIGINT', () => { stopping = true })
    const hooks: RunHooks = {
      stopping: () => stopping,
      onReady: (r) => console.log(JSON.stringify(r)),
      onStep: (r) => { if (r.step % 20 === 0) console.log(`${r.step}/${r.steps} loss ${r.loss.toFixed(4)} ${(r.seconds).toFixed(1)}s ${(r.pairs / r.seconds).toFixed(0)} pairs/s ${(r.tokens / r.seconds).toFixed(0)} tok/s pad ${r.paddingShare.toFixed(2)}`) },
      onEpoch: ({ epoch, metrics, improved }) => console.log(epoch, improved, Object.entries(metrics.tasks).map(([n, t]) => `${n} f1 ${t.f1.toFixed(3)} auc ${t.auc.toFixed(3)}`).join(' | '), 'mean', metrics.mean.toFixed(4), 'auc', (Object.values(metrics.tasks).reduce((s, t) => s + t.auc, 0) / Object.keys(metrics.tasks).length).toFixed(4))
    }
    const data = options.data === undefined ? join(userPath('runs'), '.cache', 'demo-corpus') : userPath(options.data)
    if (options.data === undefined) await writeDemoCorpus(data)
    const result = options.resume ? await resumeRun(out, hooks) : await startRun({
      data, out, config: parseTrainConfig(applyOverrides(await readPreset(options.preset), options.set), `preset ${options.preset}`),
      ...(options.init && { init: userPath(options.init) })
    }, hooks)
    console.log(result)
  })

try {
  await program.parseAsync()
} catch (error) {
  if (!(error instanceof MatcherError)) throw error
  console.error(`${error.code}: ${error.message}`)
  process.exitCode = 1
}
