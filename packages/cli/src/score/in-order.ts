export interface InOrder {
  /** Adds the next text, once it is known. Resolves when more may be added. */
  add(text: Promise<string>): Promise<void>
  /** Resolves when everything has been written. Rejects with the first failure, after writing everything before it. */
  end(): Promise<void>
}

/**
 * Writes texts in the order of `add`, each as soon as all before it are written, and those that are ready in one piece.
 * At most `limit` are held. `onFailure` is called when a text or `write` has failed: nothing more is written.
 */
export function inOrder(
  write: (text: string, count: number) => Promise<void>,
  limit: number,
  onFailure: () => void
): InOrder {
  const held: { text?: string; failure?: { reason: unknown } }[] = []
  let writing = false
  let failure: { reason: unknown } | undefined
  let wake: () => void = () => undefined
  const changed = (): Promise<void> => new Promise((resolve) => (wake = resolve))

  function fail(found: { reason: unknown }): void {
    failure ??= found
    held.length = 0
    onFailure()
  }

  async function flush(): Promise<void> {
    if (writing || failure) return
    writing = true
    for (let ready = readyTexts(); ready.length > 0 && !failure; ready = readyTexts()) {
      await write(ready.join(''), ready.length).catch((reason: unknown) => fail({ reason }))
      held.splice(0, ready.length)
      wake()
    }
    writing = false
    if (held[0]?.failure) fail(held[0].failure)
    wake()
  }

  function readyTexts(): string[] {
    const end = held.findIndex(({ text }) => text === undefined)
    return held.slice(0, end < 0 ? held.length : end).map(({ text }) => text!)
  }

  return {
    async add(text) {
      const entry: (typeof held)[number] = {}
      if (!failure) held.push(entry)
      void text
        .then(
          (known) => (entry.text = known),
          (reason: unknown) => (entry.failure = { reason })
        )
        .then(flush)
      while (held.length >= limit) await changed()
    },
    async end() {
      while (held.length > 0 || writing) await changed()
      if (failure) throw failure.reason
    }
  }
}
