import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'

const model = fileURLToPath(new URL('../../packages/model-demo/model', import.meta.url)) // small, and trained

for (const name of ['fastify', 'express']) {
  test(`${name}: ranks, refuses what is wrong, is ready, and ends at SIGTERM`, { timeout: 300_000 }, async () => {
    const script = fileURLToPath(new URL(`${name}.mjs`, import.meta.url))
    const server = spawn(process.execPath, [script, '0', model], { stdio: ['ignore', 'pipe', 'inherit'] })
    const ended = once(server, 'exit')
    try {
      const [address] = await Promise.race([
        once(createInterface({ input: server.stdout }), 'line'),
        ended.then(([code]) => assert.fail(`the server ended with ${code}`))
      ])
      const similar = async (body) => {
        const headers = { 'content-type': 'application/json' }
        const answer = await fetch(`${address}/similar`, { method: 'POST', body, headers })
        return { status: answer.status, body: await answer.json() }
      }
      const texts = ['启辰动物园扩建老虎兽舍', '今天股市上涨', '国足赢球', '明天下雨']
      const { status, body } = await similar(JSON.stringify({ query: '启辰动物园为老虎安新家', texts }))
      assert.equal(status, 200)
      assert.equal(body.length, 3)
      assert.equal(body[0].text, texts[0])
      assert.ok(body[0].score >= body[1].score && body[1].score >= body[2].score)
      for (const bad of ['{"query":1,"texts":[{}]}', '{"query":"x"}', 'no JSON']) {
        const refused = await similar(bad)
        assert.ok(refused.status >= 400 && refused.status < 500, `${bad} got ${refused.status}`)
        assert.equal(typeof refused.body.error, 'string')
      }
      assert.equal((await fetch(`${address}/ready`)).status, 200)
      server.kill('SIGTERM')
      assert.deepEqual(await ended, [0, null])
    } finally {
      server.kill('SIGKILL')
    }
  })
}
