import { cpus } from 'node:os'
import { join } from 'node:path'
import { writeFileAtomic } from '@sohu-match/node'
import { figuresJson } from '../report/figures'
import type { SeedOutcome, StudyOutcome } from './outcome'
import { studyPage } from './page'
import type { Study } from './study'

/** Writes a study's `index.html`, and `results.json` with every number in it. */
export async function publishStudy(
  study: Study,
  outcome: StudyOutcome,
  progress: { planned: number; done: number }
): Promise<void> {
  const machine = `${cpus().length} x ${cpus()[0]?.model.trim() ?? 'unknown processor'}, Node ${process.versions.node}`
  await writeFileAtomic(join(study.out, 'index.html'), studyPage(study, outcome, { ...progress, machine }))
  const figures = (of: SeedOutcome['figures']) =>
    Object.fromEntries(Object.entries(of).map(([set, one]) => [set, figuresJson(one)]))
  const json = {
    study,
    machine,
    ...progress,
    arms: outcome.arms.map(({ name, seeds }) => ({
      name,
      seeds: seeds.map((seed) => ({ ...seed, figures: figures(seed.figures) }))
    })),
    ...(outcome.baseline && { baseline: figures(outcome.baseline) })
  }
  await writeFileAtomic(join(study.out, 'results.json'), `${JSON.stringify(json)}\n`)
}
