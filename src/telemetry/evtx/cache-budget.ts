/**
 * What the templates of this thread and all that hangs on them take, roughly in bytes. A log that was made to have a new template or a
 * new shape in each record must not fill the memory: when the budget is spent, everything is forgotten and read again as it comes.
 */
export const cacheBudget = {
  spent: 0,

  spend(bytes: number): void {
    this.spent += bytes
  },

  get isSpent(): boolean {
    return this.spent > BUDGET
  },

  reset(): void {
    this.spent = 0
  },
}

const BUDGET = 32 * 2 ** 20
