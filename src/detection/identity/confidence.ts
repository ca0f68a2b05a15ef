/** How sure an identity is, from weakest to strongest. `low` names nothing. */
export const CONFIDENCE_RANK = { low: 0, medium: 1, high: 2, certain: 3 } as const

export type Confidence = keyof typeof CONFIDENCE_RANK
