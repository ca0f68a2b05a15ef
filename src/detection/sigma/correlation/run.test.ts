import { expect, it } from 'vitest'
import { RandomStore } from '../../../../test/fixtures/compare-correlations.js'

it('random documents over a store give what looking at every window of their rules’ hits gives', async () => {
  const store = await RandomStore.open(1, 150)
  try {
    let met = 0
    for (let seed = 1; seed <= 4; seed++)
      for (const { found, expected } of await store.compare(seed)) {
        expect({ seed, found }).toEqual({ seed, found: expected })
        if (found.length > 0) met++
      }
    expect(met).toBeGreaterThan(2)
  } finally {
    await store.close()
  }
})
